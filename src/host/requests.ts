import type { Ledger } from '../actors/ledger.ts'
import type { Clock } from '../clock.ts'
import { CommandRefusedError } from '../errors.ts'
import type { Command } from '../machines/orchestratorState.ts'
import type { Request, Store } from '../persistence/store.ts'

export interface RequestsOptions {
  run: string
  store: Store
  clock: Clock
  ledger: Ledger
  /** Resolves when it is durable, and the answer to the request with it. @throws why it makes no sense. */
  command(command: Command, request: number): Promise<void>
  /** Nothing is obeyed any more: what is open is left to whoever has the run next. */
  isOver(): boolean
}

/** What other processes ask of a run, obeyed in order, each once. Each answer is stored. */
export class Requests {
  readonly #options: RequestsOptions
  #asked = false
  #obeying: Promise<void> | undefined

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  obey(): Promise<void> {
    this.#asked = true
    this.#obeying ??= this.#obeyAll().finally(() => {
      this.#obeying = undefined
    })
    return this.#obeying
  }

  async #obeyAll() {
    const { run, store, isOver } = this.#options
    try {
      while (this.#asked) {
        this.#asked = false
        for (const request of await store.requests(run)) {
          if (isOver()) return
          await this.#answer(request)
        }
      }
    } catch {
      // The store says so itself, to everybody who writes.
    }
  }

  async #answer(request: Request) {
    const { clock, ledger, command } = this.#options
    try {
      await command(commandOf(request, clock.now()), request.sequence)
    } catch (error) {
      if (!(error instanceof CommandRefusedError)) throw error
      const refusal = { message: error.message, hint: error.hint }
      const data = { request: request.sequence, refusal }
      await ledger.commit([{ kind: 'event', at: clock.now(), actor: 'orchestrator', type: 'request.answered', data }])
    }
  }
}

const commandOf = (request: Request, at: number): Command => ({
  type: request.type,
  at,
  fresh: request.fresh,
  ...(request.scenario === null ? {} : { scenario: request.scenario }),
  ...(request.variant === null ? {} : { variant: request.variant }),
})
