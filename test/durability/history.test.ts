import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { addressOf, statusOf } from '../../src/machines/scenarioStep.ts'
import { runStatusOf } from '../../src/machines/orchestratorStep.ts'
import type { RunState } from '../../src/machines/orchestratorState.ts'
import type { ScenarioState } from '../../src/machines/scenarioState.ts'
import type { Run } from '../../src/run.ts'
import { openTroupe, type Troupe } from '../../src/troupe.ts'
import { until } from '../support/until.ts'
import { GATE, type Waiting } from './fixtures/gated.ts'
import { scene, type Scene } from './harness.ts'
import { batchesOf, confirmed } from './stored.ts'

/** What can be said of a run at a moment, whether it is lived or rebuilt. */
function portrait(run: RunState, scenarios: Record<string, ScenarioState>) {
  return {
    run: { status: runStatusOf(run), pausedBy: run.pausedBy, released: run.released, claims: Object.keys(run.claims).sort() },
    scenarios: Object.fromEntries(Object.entries(scenarios).map(([address, s]) => [address, scenarioPortrait(s)])),
  }
}

function scenarioPortrait(s: ScenarioState) {
  const { round, firstRound, repetition, batches, processed, quality, reason, pausedBy } = s
  // What is released is the orchestrator's to know.
  const repetitions = s.repetitions.map(({ settled, failed, milestone }) => ({ settled, failed, milestone }))
  return { status: statusOf(s), round, firstRound, repetition, repetitions, batches, processed, quality, reason, pausedBy }
}

const living = (run: Run) => {
  const { context, children } = run.actor!.getSnapshot()
  const states = context.spec.scenarios.map((spec) => {
    const address = addressOf(spec)
    return [address, (children[address] as unknown as { getSnapshot(): { context: ScenarioState } }).getSnapshot().context] as const
  })
  return portrait(context, Object.fromEntries(states))
}

/** Resolves with the newest sequence when nothing is on its way to the database any more. */
async function settled({ query }: Scene): Promise<number> {
  let last = -1
  let same = 0
  await until('nothing is written any more', async () => {
    const [row] = await query<{ sequence: number }[]>`select last_value::int as sequence from troupe.sequence`
    same = row!.sequence === last ? same + 1 : 0
    last = row!.sequence
    return same > 30
  })
  return last
}

async function opened(stage: Scene): Promise<Troupe> {
  const troupe = await openTroupe({ database: stage.url })
  onTestFinished(() => troupe.close({ shutdownMs: 0 }))
  return troupe
}

const plan = {
  name: 'lived',
  skill: { kind: 'function' as const, module: join(import.meta.dirname, 'fixtures/gated.ts'), isolation: 'inline' as const },
  scenarios: { small: { size: 30, errorTolerance: 0.4 }, large: { size: 40 } },
  batchSize: 5,
  sync: { mode: 'milestone' as const, at: [50] },
  repetitions: 1,
}

/** Lives through a run with everything in it, and remembers what it was like at each moment. */
async function live(stage: Scene, troupe: Troupe) {
  const waiting: Waiting[] = []
  ;(globalThis as unknown as Record<symbol, Waiting[]>)[GATE] = waiting
  const run = await troupe.start(plan, { id: 'run' })
  const moments: { at: number; lived: ReturnType<typeof portrait> }[] = []
  const remember = async () => {
    const at = await settled(stage)
    const [stored] = await stage.query<{ batches: number }[]>`select count(*)::int as batches from troupe.batches where run = 'run'`
    const lived = await until('the scenarios know of all that is stored', () => {
      const now = living(run)
      return Object.values(now.scenarios).reduce((sum, { batches }) => sum + batches, 0) === stored!.batches ? now : undefined
    })
    moments.push({ at, lived })
  }
  const call = async (scenario: string, from: number, failClass?: string) => {
    const found = await until(`${scenario} is called at ${from}`, () =>
      waiting.find((each) => each.scenario === scenario && each.from === from),
    )
    waiting.splice(waiting.indexOf(found), 1)
    found.go(failClass)
    await remember()
  }
  await until('both are called', () => waiting.length === 2)
  await remember()
  await call('small', 0)
  await call('large', 0)
  await call('small', 5, 'critical')
  await run.pause()
  await remember()
  await call('large', 5)
  await run.continue()
  await remember()
  // The small one waits at the barrier, and then the large one comes.
  await call('small', 10)
  await call('large', 10)
  await call('large', 15)
  await call('large', 20)
  await run.cancel('large')
  await remember()
  await call('small', 15)
  await run.restart('large')
  await remember()
  for (const from of [25, 30, 35]) await call('large', from)
  await run.pause('small')
  await remember()
  await call('small', 20)
  await run.continue('small')
  const over = run.result()
  const last = await until('the last is called', () => waiting.find(({ scenario }) => scenario === 'small'))
  last.go()
  await over
  return moments
}

test('at every moment a finished run is shown as it was when it was lived', async () => {
  const stage = await scene()
  const troupe = await opened(stage)
  const moments = await live(stage, troupe)
  expect(moments.length).toBeGreaterThan(18)
  for (const { at, lived } of moments) {
    const { run, scenarios } = await troupe.show('run', { at })
    expect({ at, ...portrait(run, scenarios) }).toEqual({ at, ...lived })
  }
})

test('a fork of every moment is the run as it was then, and goes on from there without calling again what was stored', async () => {
  const stage = await scene()
  const troupe = await opened(stage)
  const moments = await live(stage, troupe)
  for (const { at, lived } of moments) {
    const id = await troupe.fork('run', { at })
    const shown = await troupe.show(id)
    expect({ at, ...portrait(shown.run, shown.scenarios) }).toEqual({ at, ...lived })

    const calls = letGo()
    const stored = await confirmedPlaces(stage, id)
    const fork = await troupe.resume(id)
    if (lived.run.status === 'paused') await fork.continue()
    for (const [address, { status }] of Object.entries(lived.scenarios))
      if (status === 'paused') await fork.continue(address).catch(() => {})
    const report = await fork.result()
    const cancelled = lived.scenarios['default/large']!.status === 'failed'
    expect({ at, items: report.scenarios.map(({ items, itemsFailed }) => items + itemsFailed) }).toEqual({
      at,
      items: [30, cancelled ? 25 : 40],
    })
    expect(calls.filter((place) => stored.includes(place))).toEqual([])
    expect(new Set(calls).size).toBe(calls.length)
  }
})

/** From now on every call returns at once; what is called is noted. */
function letGo(): string[] {
  const calls: string[] = []
  const gate = { push: ({ scenario, from, go }: Waiting) => (go(), calls.push(`${scenario}/1/${from}`)) }
  ;(globalThis as unknown as Record<symbol, unknown>)[GATE] = gate
  return calls
}

async function confirmedPlaces({ query }: Scene, run: string): Promise<string[]> {
  const rows = await batchesOf(query, run)
  return confirmed(rows)
}
