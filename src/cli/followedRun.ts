import type { RunView, StoredEvent } from '../index.ts'
import type { Known, KnownProgress } from './heartbeat.ts'

/** A run that is followed from outside: how it stands, as far as its events tell. */
export class FollowedRun {
  readonly #scenarios: Map<string, Known & { size: number }>
  readonly #breakers: Map<string, KnownProgress['breakers'][number]>
  #newsAt: number
  #isHeld: boolean

  /** @param now Epoch ms, on the clock of whoever watches: that of the run may be another machine's. */
  constructor({ held, run, scenarios, breakers }: RunView, now: number) {
    this.#newsAt = now
    this.#isHeld = held
    this.#scenarios = new Map(
      Object.entries(scenarios).map(([address, { spec, repetition, repetitions }]) => {
        const { variant, name, size } = spec
        const { settled, failed } = repetitions[repetition - 1]!
        return [address, { variant, name, size, status: run.members[address]!.status, repetition, settled, failed }]
      }),
    )
    this.#breakers = new Map(
      Object.values(breakers).map(({ spec: { variant }, status, probeAt }) => [`breaker:${variant}`, { variant, status, probeAt }]),
    )
  }

  hear({ actor, type, data }: StoredEvent, now: number) {
    this.#newsAt = now
    // Somebody has written it.
    this.#isHeld = true
    const breaker = this.#breakers.get(actor)
    if (breaker) {
      const status = BREAKER[type]
      if (status) this.#breakers.set(actor, { ...breaker, status, probeAt: (data.probeAt as number | null | undefined) ?? null })
      return
    }
    const scenario = this.#scenarios.get(actor)
    if (!scenario) return
    if (type === 'milestone.reached') {
      const { repetition, pct, itemsFailed = 0 } = data as { repetition: number; pct: number; itemsFailed?: number }
      Object.assign(scenario, { repetition, settled: Math.ceil((pct * scenario.size) / 100), failed: itemsFailed })
    }
    if (type === 'scenario.restarted' && data.fresh === true) Object.assign(scenario, { repetition: 1, settled: 0, failed: 0 })
    scenario.status = STATUS[type] ?? scenario.status
  }

  at(now: number): KnownProgress {
    return {
      at: now,
      scenarios: [...this.#scenarios.values()],
      breakers: [...this.#breakers.values()],
      newsAt: this.#newsAt,
      isHeld: this.#isHeld,
    }
  }
}

const STATUS: Readonly<Record<string, Known['status']>> = {
  'scenario.started': 'running',
  'scenario.continued': 'running',
  'scenario.restarted': 'running',
  'scenario.paused': 'paused',
  'scenario.completed': 'complete',
  'scenario.failed': 'failed',
}

const BREAKER: Readonly<Record<string, KnownProgress['breakers'][number]['status']>> = {
  'breaker.closed': 'closed',
  'breaker.opened': 'open',
  'breaker.halfOpened': 'halfOpen',
  'breaker.forcedOpen': 'forcedOpen',
  'breaker.disabled': 'disabled',
}
