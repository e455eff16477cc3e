import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

const module = fileURLToPath(new URL('./fixtures/echo.mjs', import.meta.url))

const HOUR_MS = 3_600_000

test('a run forked at any moment, barriers with somebody waiting included, goes on to its end', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const plan = {
    name: 'forked',
    skill: { kind: 'function' as const, module, isolation: 'inline' as const },
    scenarios: { small: { size: 20 }, large: { size: 60 } },
    sync: { mode: 'milestone' as const, at: [30, 70, 100] },
  } satisfies PlanInput
  const first = await troupe.start(plan, { id: 'first' })
  await first.result()
  const sequences = []
  for await (const { sequence } of first.events()) sequences.push(sequence)
  for (const at of sequences) {
    const id = await troupe.fork('first', { at })
    const report = await (await troupe.resume(id)).result()
    expect({ at, status: report.status, items: report.scenarios.map(({ items }) => items) }).toEqual({
      at,
      status: 'complete',
      items: [20, 60],
    })
  }
})

test('a run forked at any moment of its recovery recovers as it did', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const skill = { kind: 'function' as const, module: fileURLToPath(new URL('./fixtures/recovering.mjs', import.meta.url)) }
  const plan = {
    name: 'recovering',
    skill: { ...skill, isolation: 'inline' as const },
    scenarios: { small: { size: 20, errorTolerance: 0 }, large: { size: 60, errorTolerance: 0 } },
    breaker: { threshold: 100, cooldownMs: 1 },
  } satisfies PlanInput
  const first = await troupe.start(plan, { id: 'first' })
  expect((await first.result()).scenarios.map(({ items }) => items)).toEqual([20, 60])
  const events = []
  for await (const event of first.events()) events.push(event)
  // From the moment on at which both had failed, and the run had not said yet what it makes of that.
  const failures = events.filter(({ type }) => type === 'scenario.failed')
  expect(failures).toHaveLength(2)
  for (const { sequence: at } of events.filter(({ sequence }) => sequence >= failures[1]!.sequence)) {
    const id = await troupe.fork('first', { at })
    const run = await troupe.resume(id)
    const report = await run.result()
    for await (const { round, items } of run.results()) expect([round > 0, items]).toEqual(round > 0 ? [true, 5] : [false, 10])
    const own = []
    for await (const event of (await troupe.attach(id)).events()) own.push(event.type)
    expect({ at, status: report.status, items: report.scenarios.map(({ items }) => items) }).toEqual({
      at,
      status: 'complete',
      items: [20, 60],
    })
    expect(own.filter((type) => type === 'run.recovering')).toHaveLength(1)
    expect(own.filter((type) => type === 'run.failed')).toEqual([])
  }
})

test("time in which nobody worked on a run, before a fork or after it, is in nobody's elapsed time (newcomer 2: 5)", async () => {
  let asleepMs = 0
  const clock = { ...systemClock, now: () => systemClock.now() + asleepMs }
  await using troupe = await openTroupe({ database: 'memory', clock })
  const plan = {
    name: 'asleep',
    skill: { kind: 'function' as const, module, isolation: 'inline' as const },
    scenarios: { small: { size: 20 }, medium: { size: 40 }, large: { size: 60 } },
    sync: { mode: 'milestone' as const, at: [30, 70, 100] },
  } satisfies PlanInput
  const part = await troupe.start(plan, { id: 'first' })
  for await (const { actor, type, data } of part.events())
    if (type === 'milestone.reached' && actor === 'default/medium' && data.pct === 30) break
  await part.stop(0)
  asleepMs += HOUR_MS
  const first = await troupe.resume('first')
  const whole = (await first.result()).scenarios
  const events = []
  for await (const event of first.events()) events.push(event)
  expect(
    events.filter(({ type }) => type === 'run.interrupted').map(({ data }) => Number(data.until) - Number(data.since) >= HOUR_MS),
  ).toEqual([true])
  for (const { sequence: at } of events) {
    const id = await troupe.fork('first', { at })
    asleepMs += HOUR_MS
    const { elapsedMs, scenarios } = await (await troupe.resume(id)).result()
    const tooLong = [elapsedMs!, ...scenarios.map((scenario) => scenario.elapsedMs)].filter((ms) => ms >= HOUR_MS)
    expect({ at, tooLong }).toEqual({ at, tooLong: [] })
    // What had ended by then took as long as it did.
    for (const { actor } of events.filter(({ sequence, type }) => sequence <= at && type === 'scenario.completed')) {
      const took = (of: typeof scenarios) => of.find(({ variant, name }) => `${variant}/${name}` === actor)!.elapsedMs
      expect({ at, actor, took: took(scenarios) }).toEqual({ at, actor, took: took(whole) })
    }
  }
})

test('a run is forked and shown at its events alone (newcomer 2: 5)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const plan = {
    name: 'short',
    skill: { kind: 'function' as const, module, isolation: 'inline' as const },
    scenarios: { only: { size: 20 } },
  }
  await (await troupe.start(plan, { id: 'short' })).result()
  const { sequence: last } = await troupe.show('short')
  for (const at of [last + 1, 99_999, -1, 1.5, Number.NaN]) {
    const refused = {
      code: 'COMMAND_REFUSED',
      exitCode: 2,
      message: `Run "short" has no event ${at}: its last one is ${last}`,
      hint: 'See the last ones, with their numbers: troupe show short',
    }
    await expect(troupe.fork('short', { at })).rejects.toMatchObject(refused)
    await expect(troupe.show('short', { at })).rejects.toMatchObject(refused)
  }
  expect(await troupe.list()).toHaveLength(1)
  expect((await troupe.show('short', { at: last })).sequence).toBe(last)
  await troupe.fork('short', { at: 0 })
})
