import { Activity } from '../src/actors/activity.ts'
import { KeptItems } from '../src/actors/itemProgress.ts'
import { attemptBatch } from '../src/actors/attempt.ts'
import { Gate } from '../src/actors/gate.ts'
import { Ledger } from '../src/actors/ledger.ts'
import type { Stage } from '../src/actors/stage.ts'
import { Turn } from '../src/actors/turn.ts'
import { systemClock } from '../src/clock.ts'
import { initialBreaker } from '../src/machines/breakerState.ts'
import { DEFAULT_BREAKER } from '../src/plan.ts'
import { InlineSkill } from '../src/skills/inline.ts'
import type { SkillContext } from '../src/skills/skill.ts'
import { median } from './statistics.ts'

const CALLS = 20_000
const ITEMS = Array.from({ length: 10 }, (_, i) => i)

const skill = async (items: readonly unknown[], _context: SkillContext) => items.map(() => null)

/**
 * What breaker, retry and time-out add to a call, µs: a batch through all of them and a journal that stores at once, less the bare call of the same
 * function. In turn, so that both see the same machine.
 */
export async function overheadUs(rounds: number): Promise<number> {
  const stage = openStage()
  const signal = new AbortController().signal
  const call = { repetition: 1, round: 0, firstRound: 0, batch: 0, from: 0, items: ITEMS.length, alone: false }
  const context = {} as SkillContext
  const added: number[] = []
  for (let round = 0; round < rounds; round++) {
    const bare = await timeOf(() => skill(ITEMS, context))
    const guarded = await timeOf(() => attemptBatch(stage, call, signal))
    if (round > 0) added.push(guarded - bare)
  }
  return median(added)
}

/** Of one call, µs. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < CALLS; i++) await work()
  return ((performance.now() - start) * 1_000) / CALLS
}

function openStage(): Stage {
  const scenario = { run: 'bench', variant: 'default', scenario: 'simple', size: 10, difficulty: 'easy', params: {}, memoryLimitMb: null }
  const host = { clock: systemClock, graceMs: 1_000, maxResultBytes: 1_000_000, itemsModule: '', log() {} }
  const breaker = { run: 'bench', variant: 'default', options: DEFAULT_BREAKER, disabled: false, leaseMs: 32_000 }
  return {
    ...scenario,
    clock: systemClock,
    random: Math.random,
    skill: new InlineSkill(skill, { ...scenario, input: { kind: 'generator', generator: 'uniform', seed: 1 } }, host),
    reader: { read: () => ITEMS, async close() {} },
    ledger: new Ledger({ append: () => Promise.resolve() }, { id: 'bench', epoch: 1 }, 'batch', () => {}),
    activity: new Activity(systemClock, 0),
    gate: new Gate(initialBreaker(breaker), systemClock),
    turn: new Turn(),
    mayProbe: true,
    kept: new KeptItems(),
    retry: { attempts: 3, backoffMs: 200, factor: 2, maxMs: 10_000, jitter: 0.5, on: ['transient'] },
    directory: '/plan',
    batchTimeoutMs: 30_000,
    warmupBatches: 1,
    redact: (text) => text,
    parallel: 1,
    window: 0,
    shutdown: new AbortController(),
    inHand: 0,
    batches: new Set(),
    tell() {},
    onFatal(error) {
      throw error
    },
  }
}
