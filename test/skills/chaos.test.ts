import { SimulatedClock } from 'xstate'
import { expect, test, vi } from 'vitest'
import type { ChaosPlan } from '../../src/plan.ts'
import { ChaosSkill, strikeOf } from '../../src/skills/chaos.ts'
import { classify } from '../../src/skills/errorClass.ts'
import type { CallOptions, Skill, SkillCall, SkillTiming } from '../../src/skills/skill.ts'
import { batch, open, options } from './host.ts'

const plan = (changes: Partial<ChaosPlan> = {}): ChaosPlan => ({
  seed: 1,
  failRate: 0,
  failClass: 'transient',
  latencyMs: [0, 0],
  hangRate: 0,
  crashRate: 0,
  scenarios: null,
  ...changes,
})

const outcome = { result: '[]', processed: 1, quality: null, usage: null, startedAt: 5_000, activeMs: 7, cpuMs: 3, memoryPeakMb: 9 }

/** A skill that answers at once; one in a process can be killed, and then its calls fail. */
function fakeSkill({ inProcess = false, answers = true } = {}) {
  const calls: SkillCall[] = []
  const open = new Set<(error: Error) => void>()
  const skill: Skill = {
    call(call, { onStart, onFailure }) {
      calls.push(call)
      onStart()
      const { promise, resolve, reject } = Promise.withResolvers<typeof outcome>()
      if (answers) setImmediate(() => resolve(outcome))
      open.add((error) => {
        onFailure?.({ startedAt: 5_000, activeMs: 2, cpuMs: null, memoryPeakMb: null })
        reject(error)
      })
      return promise
    },
    ...(inProcess && {
      crash() {
        for (const fail of open) fail(new Error('killed'))
        open.clear()
      },
    }),
    rest: vi.fn<() => void>(),
    close: vi.fn<() => Promise<void>>(async () => {}),
  }
  return { skill, calls }
}

function chaotic(changes: Partial<ChaosPlan>, fake: Parameters<typeof fakeSkill>[0] = {}) {
  const clock = new SimulatedClock()
  const { skill, calls } = fakeSkill(fake)
  return { chaos: new ChaosSkill(skill, plan(changes), { clock }), clock, calls, skill }
}

/** What a caller is told, in order. */
function listener(changes: Partial<CallOptions> = {}) {
  const told: (string | SkillTiming)[] = []
  return { told, options: options({ onStart: () => told.push('start'), onFailure: (timing) => told.push(timing), ...changes }) }
}

const turn = () => new Promise(setImmediate)

test('ten thousand calls are broken as often as the rates say, within 4 standard deviations', async () => {
  const { chaos, clock, calls } = chaotic({ failRate: 0.2, hangRate: 0.1, crashRate: 0.05 })
  const stop = new AbortController()
  const counts = { failed: 0, reset: 0, answered: 0 }
  const all = Array.from({ length: 10_000 }, async (_, i) => {
    try {
      await chaos.call(batch(i), options({ signal: stop.signal }))
      counts.answered++
    } catch (error) {
      if (error === stop.signal.reason) throw error
      counts[(error as { code: string }).code === 'CHAOS' ? 'failed' : 'reset']++
    }
  })
  while (counts.failed + counts.reset + counts.answered < 8_500) await turn()
  clock.increment(59_999)
  stop.abort(new Error('enough'))
  const hung = (await Promise.allSettled(all)).filter(({ status }) => status === 'rejected').length
  // n·p ± 4·√(n·p·(1 − p))
  expect(Math.abs(counts.failed - 2_000)).toBeLessThan(160)
  expect(Math.abs(hung - 1_000)).toBeLessThan(120)
  expect(Math.abs(counts.reset - 500)).toBeLessThan(88)
  expect(counts.answered).toBe(10_000 - counts.failed - hung - counts.reset)
  expect(calls).toHaveLength(counts.answered)
})

test('the same seed breaks the same calls in whatever order, in every run; another seed others; an attempt and a round are decided anew', () => {
  const half = plan({ failRate: 0.5 })
  const faults = (of: ChaosPlan, change: (call: SkillCall) => SkillCall, order = (all: number[]) => all) =>
    order(Array.from({ length: 1_000 }, (_, i) => i))
      .map((i) => [i, strikeOf(of, change(batch(i))).fault] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, fault]) => fault)
  const first = faults(half, (call) => call)
  expect(
    faults(
      half,
      (call) => call,
      (all) => all.toReversed(),
    ),
  ).toEqual(first)
  const otherRun = (call: SkillCall) => ({
    ...call,
    key: { ...call.key, run: 'x' },
    idempotencyKey: call.idempotencyKey.replace('run-1', 'x'),
  })
  expect(faults(half, otherRun)).toEqual(first)
  const others = [
    faults(plan({ failRate: 0.5, seed: 2 }), (call) => call),
    faults(half, (call) => ({ ...call, attempt: 2 })),
    faults(half, (call) => ({ ...call, key: { ...call.key, round: 1 } })),
  ]
  for (const other of others) {
    // Independent of the first: alike in half of the calls, 500 ± 4·√(1000 / 4).
    const alike = other.filter((fault, i) => fault === first[i]).length
    expect(Math.abs(alike - 500)).toBeLessThan(64)
  }
})

test('latencies lie between the least and the most, both included', () => {
  const latencies = Array.from({ length: 1_000 }, (_, i) => strikeOf(plan({ latencyMs: [3, 6] }), batch(i)).latencyMs)
  expect(new Set(latencies)).toEqual(new Set([3, 4, 5, 6]))
})

test('what is not struck is the skill itself, and so are its rest and its end', async () => {
  const { chaos, skill } = chaotic({})
  const { told, options: given } = listener()
  expect(await chaos.call(batch(), given)).toEqual(outcome)
  expect(told).toEqual(['start'])
  expect(chaos.crash).toBeUndefined()
  chaos.rest()
  await chaos.close()
  expect(skill.rest).toHaveBeenCalledOnce()
  expect(skill.close).toHaveBeenCalledOnce()
})

test('a call that fails says so, has the class of the plan, and never reaches the skill', async () => {
  const { chaos, calls, clock } = chaotic({ failRate: 1, failClass: 'critical' })
  const { told, options: given } = listener()
  const error = await chaos.call(batch(3), given).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'CHAOS', class: 'critical', message: 'CHAOS: attempt 1 at batch 3 fails on purpose' })
  expect(told).toEqual(['start', { startedAt: clock.now(), activeMs: 0, cpuMs: null, memoryPeakMb: null }])
  expect(calls).toEqual([])
})

test('a call that hangs ends by its time-out, which is all active time', async () => {
  const { chaos, clock, calls } = chaotic({ hangRate: 1 })
  const { told, options: given } = listener({ timeoutMs: 500 })
  const startedAt = clock.now()
  const settled = vi.fn<() => void>()
  const call = chaos.call(batch(2), given)
  call.catch(() => {}).finally(settled)
  clock.increment(499)
  await turn()
  expect(settled).not.toHaveBeenCalled()
  clock.increment(1)
  await expect(call).rejects.toMatchObject({ code: 'BATCH_TIMEOUT', message: 'Batch 2 took longer than its 500 ms' })
  expect(told).toEqual(['start', { startedAt, activeMs: 500, cpuMs: null, memoryPeakMb: null }])
  expect(calls).toEqual([])
})

test('a call that hangs, or waits, ends by the abort, with its reason', async () => {
  for (const changes of [{ hangRate: 1 }, { latencyMs: [400, 400] as [number, number] }]) {
    const { chaos } = chaotic(changes)
    const stop = new AbortController()
    const call = chaos.call(batch(), options({ signal: stop.signal }))
    stop.abort(new Error('by the user'))
    await expect(call).rejects.toBe(stop.signal.reason)
    const { told, options: given } = listener({ signal: stop.signal })
    await expect(chaos.call(batch(), given)).rejects.toBe(stop.signal.reason)
    expect(told).toEqual([])
  }
})

test('latency is part of the call: of what it took, and of its time-out', async () => {
  const { chaos, clock, calls } = chaotic({ latencyMs: [400, 400] })
  const { told, options: given } = listener({ timeoutMs: 500 })
  const call = chaos.call(batch(), given)
  clock.increment(399)
  await turn()
  expect(calls).toEqual([])
  clock.increment(1)
  // 400 ms of waiting and the 7 ms of the skill, which says that it began at 5 000.
  expect(await call).toEqual({ ...outcome, startedAt: 4_600, activeMs: 407 })
  expect(told).toEqual(['start'])
})

test('a latency as long as the time-out is a time-out', async () => {
  const { chaos, clock, calls } = chaotic({ latencyMs: [500, 500] })
  const call = chaos.call(batch(2), options({ timeoutMs: 500 }))
  clock.increment(500)
  await expect(call).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
  expect(calls).toEqual([])
})

test('what the latency leaves of the time-out is left to the skill', async () => {
  const clock = new SimulatedClock()
  const { skill } = await open({ isolation: 'inline', export: 'heedsAbort', host: { clock } })
  const chaos = new ChaosSkill(skill, plan({ latencyMs: [400, 400] }), { clock })
  const failures: SkillTiming[] = []
  const call = chaos.call(batch(2), options({ timeoutMs: 500, onFailure: (timing) => failures.push(timing) }))
  const settled = vi.fn<() => void>()
  call.catch(() => {}).finally(settled)
  clock.increment(400)
  await turn()
  clock.increment(99)
  await turn()
  expect(settled).not.toHaveBeenCalled()
  clock.increment(1)
  await expect(call).rejects.toMatchObject({ message: 'Batch 2 took longer than its 500 ms' })
  expect(failures).toHaveLength(1)
  expect(failures[0]!.activeMs).toBeGreaterThanOrEqual(400)
})

test('a crash kills the process that the call has reached', async () => {
  const { skill, calls } = fakeSkill({ inProcess: true, answers: false })
  const chaos = new ChaosSkill(skill, plan({ crashRate: 1 }), { clock: new SimulatedClock() })
  const { told, options: given } = listener()
  expect(chaos.crash).toBeTypeOf('function')
  await expect(chaos.call(batch(), given)).rejects.toThrow('killed')
  expect(calls).toHaveLength(1)
  expect(told).toEqual(['start', { startedAt: 5_000, activeMs: 2, cpuMs: null, memoryPeakMb: null }])
})

test('a real process: its batch has crashed, and the next one has another process', async () => {
  const { skill } = await open()
  const crashing = new ChaosSkill(skill, plan({ crashRate: 1 }), { clock: new SimulatedClock() })
  const calm = new ChaosSkill(skill, plan(), { clock: new SimulatedClock() })
  const pids = async () => (JSON.parse((await calm.call(batch(0, [1]), options())).result) as { pid: number }[]).map(({ pid }) => pid)
  const before = await pids()
  const { told, options: given } = listener()
  await expect(crashing.call(batch(), given)).rejects.toMatchObject({ code: 'SKILL_CRASHED' })
  expect(told).toEqual(['start', expect.objectContaining({ cpuMs: null })])
  expect(await pids()).not.toEqual(before)
})

test('without a process of its own, the connection is reset, which is transient', async () => {
  const { chaos, calls } = chaotic({ crashRate: 1 })
  const { told, options: given } = listener()
  const error = await chaos.call(batch(), given).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'ECONNRESET' })
  expect(classify(error)).toBe('transient')
  expect(told).toHaveLength(2)
  expect(calls).toEqual([])
})

test('an answer that was quicker than the crash is lost all the same', async () => {
  const { skill } = fakeSkill()
  const chaos = new ChaosSkill({ ...skill, crash() {} }, plan({ crashRate: 1 }), { clock: new SimulatedClock() })
  const { told, options: given } = listener()
  await expect(chaos.call(batch(), given)).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(told).toEqual(['start', expect.objectContaining({ startedAt: 5_000, activeMs: 7 })])
})
