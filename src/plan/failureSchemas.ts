import { z } from 'zod'
import { durationMs, lanes, waitMs } from './bounds.ts'

const ratio = z.number().min(0).max(1)
const weight = z.number().min(0)

export const errorClass = z.enum(['critical', 'recoverable', 'transient', 'ignored'])

export const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(1_000).default(3).describe('Attempts at one batch, the first included.'),
  backoffMs: waitMs.default(200).describe('Wait before the second attempt in ms.'),
  factor: z.number().min(1).default(2).describe('What each further wait is multiplied by.'),
  maxMs: waitMs.default(10_000).describe('Longest wait in ms.'),
  jitter: ratio.default(0.5).describe('Share of a wait that is left to chance.'),
  on: z.array(errorClass).default(['transient']).describe('Error classes that are tried again.'),
})

export const breakerOptions = z.strictObject({
  threshold: z.number().gt(0).default(3).describe('It opens when the weights of failed calls sum up to this.'),
  weights: z
    .strictObject({
      critical: weight.default(1).describe('Of a failed call of this class.'),
      recoverable: weight.default(1).describe('Of a failed call of this class.'),
      transient: weight.default(0.5).describe('Of a failed call of this class.'),
      ignored: weight.default(0).describe('Of a call that was aborted, or threw an error of this class.'),
      slow: weight.default(0.5).describe('Of a good call that took `slowCallMs` or longer.'),
    })
    .prefault({})
    .describe('What a failed call adds to the sum, by its class: critical 1, recoverable 1, transient 0.5, ignored 0, slow 0.5.'),
  cooldownMs: durationMs.default(30_000).describe('Time in ms from opening to the first probe.'),
  backoff: z.number().min(1).default(2).describe('What the cooldown is multiplied by after each failed probe.'),
  maxCooldownMs: durationMs.default(300_000).describe('Longest cooldown in ms.'),
  jitter: ratio.default(0.1).describe('Share of a cooldown that is left to chance, to either side; none on the first.'),
  probes: lanes.default(1).describe('Calls that may pass at once while it is half-open.'),
  maxRecoveryAttempts: z
    .int()
    .min(1)
    .max(1_000)
    .default(5)
    .describe('Failed probes after which the scenarios behind it fail with `breaker`.'),
  windowMs: durationMs.optional().describe('Only calls of the last so many ms count. Default: all since it closed.'),
  windowCount: z.int().min(1).max(1_000).optional().describe('Only the last so many calls count. Write this or `windowMs`.'),
  minimumCalls: z.int().min(0).default(0).describe('It does not open before it has seen so many calls since it closed.'),
  slowCallMs: durationMs.optional().describe('A good call that takes so long counts as a failure of weight `slow`. Default: none does.'),
})

export const breakerSchema = z.union([z.literal(false), breakerOptions])

export const recoverySchema = z.strictObject({
  attempts: z
    .int()
    .min(0)
    .max(2)
    .default(1)
    .describe('How often a run all of whose scenarios failed tries again what is not confirmed, with less load. 0: never.'),
})

export const chaosSchema = z.strictObject({
  seed: z.int().min(0).default(1).describe('The same seed breaks the same calls.'),
  failRate: ratio.default(0).describe('Share of calls that fail.'),
  failClass: errorClass.default('transient').describe('Class of those failures.'),
  latencyMs: z
    .union([waitMs, z.tuple([waitMs, waitMs])])
    .meta({ title: 'a whole number ≥ 0, or a list of two of them, the least first' })
    .default(0)
    .describe('Wait before each call in ms, or the least and the most of it.'),
  hangRate: ratio.default(0).describe('Share of calls that never answer.'),
  crashRate: ratio.default(0).describe('Share of calls whose process, or connection, is killed.'),
  scenarios: z.array(z.string().min(1)).min(1).optional().describe('Names of the scenarios that it strikes. Default: all.'),
})

export const classifySchema = z.strictObject({
  module: z.string().min(1).describe('Path, relative to the plan.'),
  export: z.string().min(1).default('default').describe('Name of the export, a function of an error.'),
})

export type ErrorClass = z.output<typeof errorClass>
