import { SimulatedClock } from 'xstate'
import { expect, test, vi } from 'vitest'
import type { SkillTiming } from '../../src/skills/skill.ts'
import { batch, fixture, open, options } from './host.ts'

test('runs in this process, with the same checks and no claim about memory and CPU', async () => {
  const { skill } = await open({ isolation: 'inline' })
  const outcome = await skill.call(batch(0, [1]), options())
  expect(outcome.result).toBe(`[{"item":1,"pid":${process.pid}}]`)
  expect(outcome).toMatchObject({ processed: 1, cpuMs: null, memoryPeakMb: null })
  const garbage = await open({ isolation: 'inline', export: 'garbage', scenario: { params: { what: 'nan' } } })
  await expect(garbage.skill.call(batch(0, [1]), options())).rejects.toMatchObject({
    code: 'UNSTORABLE_RESULT',
    message: 'Result 0 is NaN, which is no JSON',
  })
})

test('is told its batch as in a process', async () => {
  const { skill, lines } = await open({ isolation: 'inline', export: 'told' })
  const apart = await open({ export: 'told' })
  expect((await skill.call(batch(), options()).catch((e) => e)).code).toBe('RESULT_SHAPE')
  const [here, there] = await Promise.all([skill.call(batch(4, [9]), options()), apart.skill.call(batch(4, [9]), options())])
  expect(here.result).toBe(there.result)
  expect(lines.at(-1)).toEqual({ message: 'told', data: { variant: 'default', scenario: 'simple', batch: 4, data: { batch: 4 } } })
  expect(apart.lines).toEqual([lines.at(-1)])
})

test('throws what the skill threw, itself', async () => {
  const { skill } = await open({ isolation: 'inline', export: 'throwsRichly' })
  const failures: SkillTiming[] = []
  const error = await skill.call(batch(), options({ onFailure: (timing) => failures.push(timing) })).catch((e) => e)
  expect(error).toBeInstanceOf(TypeError)
  expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' })
  expect(failures).toHaveLength(1)
})

test('a time-out aborts the signal first; a skill that goes on is left behind after the grace', async () => {
  const clock = new SimulatedClock()
  const { skill } = await open({ isolation: 'inline', export: 'neverResolves', host: { clock, graceMs: 1_000 } })
  const settled = vi.fn<() => void>()
  const call = skill.call(batch(2), options({ timeoutMs: 500 }))
  call.catch(() => {}).finally(settled)
  clock.increment(500)
  clock.increment(999)
  await new Promise(setImmediate)
  expect(settled).not.toHaveBeenCalled()
  clock.increment(1)
  await expect(call).rejects.toMatchObject({ code: 'BATCH_TIMEOUT', message: 'Batch 2 took longer than its 500 ms' })
})

test('the skill is told why it is aborted', async () => {
  const clock = new SimulatedClock()
  const { skill } = await open({ isolation: 'inline', export: 'heedsAbort', host: { clock } })
  const timedOut = skill.call(batch(), options({ timeoutMs: 500 }))
  clock.increment(500)
  await expect(timedOut).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
  const controller = new AbortController()
  const cancelled = skill.call(batch(), options({ signal: controller.signal }))
  controller.abort(new Error('by the user'))
  await expect(cancelled).rejects.toBe(controller.signal.reason)
  await expect(skill.call(batch(), options({ signal: controller.signal }))).rejects.toBe(controller.signal.reason)
})

test('what was ready in spite of an abort is kept, after a time-out it is not', async () => {
  const clock = new SimulatedClock()
  const { skill } = await open({ isolation: 'inline', export: 'returnsAfterAbort', host: { clock } })
  const controller = new AbortController()
  const kept = skill.call(batch(), options({ signal: controller.signal }))
  controller.abort()
  expect((await kept).result).toBe('[1,2,3]')
  const late = skill.call(batch(), options({ timeoutMs: 500 }))
  clock.increment(500)
  await expect(late).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
})

test('is loaded when it is opened', async () => {
  await expect(open({ isolation: 'inline', module: fixture('throws.mjs') })).rejects.toMatchObject({ code: 'SKILL_LOAD' })
})
