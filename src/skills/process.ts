import { SkillClosedError, SkillKilledError } from '../errors.ts'
import type { CommandSetup } from './commandSkill.ts'
import type { SkillScenario } from './context.ts'
import type { ToProcess } from './protocol.ts'
import { Session, type SessionHost } from './session.ts'
import type { CallOptions, Skill, SkillCall, SkillOutcome } from './skill.ts'
import type { Tenant, Workers } from './workers.ts'

export interface ProcessHost extends SessionHost {
  workers: Workers
  maxResultBytes: number
  itemsModule: string
}

/**
 * A skill in a process of its own, which all batches of its scenario share. Started with the first batch, replaced when it crashed or had to be
 * killed, given up for another scenario while this one rests.
 */
export class ProcessSkill implements Skill, Tenant {
  readonly #load: Extract<ToProcess, { type: 'load' }>
  readonly #memoryLimitMb: number | null
  readonly #host: ProcessHost
  #session: Session | undefined
  #calls = 0
  #wantsRest = false
  #closed = false

  /** @param skill With `setup`, a module of ours that runs commands. */
  constructor(skill: { module: string; export: string; setup?: CommandSetup }, scenario: SkillScenario, host: ProcessHost) {
    const { maxResultBytes, itemsModule } = host
    const { module, export: name, setup } = skill
    this.#load = { type: 'load', module, export: name, ...(setup && { setup }), work: { scenario, itemsModule, maxResultBytes } }
    this.#memoryLimitMb = scenario.memoryLimitMb
    const origin = { variant: scenario.variant, scenario: scenario.scenario }
    this.#host = { ...host, log: (message, data) => host.log(message, { ...origin, ...data }) }
  }

  async call(call: SkillCall, options: CallOptions): Promise<SkillOutcome> {
    options.signal.throwIfAborted()
    this.#calls++
    this.#wantsRest = false
    let killed: unknown
    try {
      for (;;) {
        const turn = this.#host.workers.acquire(this, options.signal)
        if (turn) await turn
        if (this.#closed) {
          this.#host.workers.release(this)
          throw new SkillClosedError('The batch did not run: its skill was closed')
        }
        options.signal.throwIfAborted()
        const session = this.#session ?? this.#begin()
        if (session.usable) return await session.run(call, options)
        const isEnding = session.ending
        try {
          await unlessAborted(isEnding ? this.#forget(session) : session.ready, options.signal)
        } catch (error) {
          // Once is chance, and costs no attempt.
          if (!(error instanceof SkillKilledError) || killed !== undefined) throw error
          killed = error
        }
      }
    } finally {
      if (--this.#calls === 0 && this.#wantsRest) this.#host.workers.rest(this)
    }
  }

  crash() {
    this.#session?.crash()
  }

  rest() {
    if (this.#calls === 0) this.#host.workers.rest(this)
    else this.#wantsRest = true
  }

  async evict(): Promise<void> {
    const session = this.#session
    await session?.end()
    if (this.#session === session) this.#session = undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.evict()
    this.#host.workers.release(this)
  }

  #begin(): Session {
    this.#session = new Session(this.#load, this.#memoryLimitMb, this.#host)
    return this.#session
  }

  /** A new process starts only when the old one is gone: a scenario never has two. */
  async #forget(session: Session): Promise<void> {
    await session.gone
    if (this.#session === session) this.#session = undefined
  }
}

function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: first, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  promise.then(resolve, reject)
  return first.finally(() => signal.removeEventListener('abort', onAbort))
}
