import {
  BreakerOpenError,
  MemoryLimitError,
  OwnershipUnsureError,
  SkillClosedError,
  SkillInterruptedError,
  SkillLoadError,
} from '../errors.ts'
import { describeError, type StoredError } from '../skills/errorClass.ts'
import type { Attempts } from './attempt.ts'
import { asksTooMuch, longWait } from './retry.ts'
import type { Stage } from './stage.ts'

/** An error as it is stored: with its class, and without secrets. */
export function describeFailure(stage: Stage, attempts: Pick<Attempts, 'count'>, error: unknown): StoredError {
  const described = describeError(error, {
    at: stage.clock.now(),
    attempt: attempts.count,
    class: stage.classify?.(error),
    directory: stage.directory,
  })
  return {
    ...described,
    message: `${asksTooMuch(described) ? `asks to wait ${longWait(described.retryAfterMs!)}: ` : ''}${stage.redact(described.message)}`,
    ...(described.frames && { frames: described.frames.map((frame) => stage.redact(frame)) }),
    ...(described.causes && { causes: described.causes.map(({ name, message }) => ({ name, message: stage.redact(message) })) }),
  }
}

/** It ran in a process that had to be killed for another batch; or before it began the breaker opened, or the run may have become another's. */
export const isNoAttempt = (error: unknown) =>
  error instanceof SkillInterruptedError || error instanceof BreakerOpenError || error instanceof OwnershipUnsureError

export const endsScenario = (error: unknown) =>
  error instanceof MemoryLimitError || error instanceof SkillLoadError || error instanceof SkillClosedError
