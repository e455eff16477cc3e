import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { Workers, type Tenant } from '../../src/skills/workers.ts'
import { until } from '../support/until.ts'
import { alive, batch, fixture, open, options } from './host.ts'

const never = new AbortController().signal

/** A tenant whose process ends when the test says so. */
function tenant(workers: Workers) {
  const ended = Promise.withResolvers<void>()
  let evictions = 0
  const made: Tenant &
    Record<'end' | 'rest' | 'release', () => void> & { evictions: number; acquire(signal?: AbortSignal): Promise<void> | undefined } = {
    end: ended.resolve,
    get evictions() {
      return evictions
    },
    acquire: (signal = never) => workers.acquire(made, signal),
    rest: () => workers.rest(made),
    release: () => workers.release(made),
    evict: () => {
      evictions++
      return ended.promise
    },
  }
  return made
}

const granted = async (turn: Promise<void> | undefined) => {
  if (turn === undefined) return true
  return await Promise.race([turn.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))])
}

test('a resting process is ended only when another waits, and who waits begins when it is gone', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b] = [tenant(workers), tenant(workers)]
  await a.acquire()
  a.rest()
  expect(a.evictions).toBe(0)
  expect(a.acquire()).toBeUndefined()
  const turn = b.acquire()
  expect(a.evictions).toBe(0)
  a.rest()
  expect(a.evictions).toBe(1)
  expect(await granted(turn)).toBe(false)
  a.end()
  await turn
  expect(workers.held).toBe(1)
})

test('turns come in the order of arrival, one eviction each, longest rested first', async () => {
  const workers = new Workers({ max: 2 })
  const [a, b, c, d] = [tenant(workers), tenant(workers), tenant(workers), tenant(workers)]
  await a.acquire()
  await b.acquire()
  b.rest()
  a.rest()
  const third = c.acquire()
  expect([a.evictions, b.evictions]).toEqual([0, 1])
  const fourth = d.acquire()
  expect([a.evictions, b.evictions]).toEqual([1, 1])
  a.end()
  await third
  expect(await granted(fourth)).toBe(false)
  b.end()
  await fourth
})

test('who is being evicted and wants to go on waits behind the others', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b] = [tenant(workers), tenant(workers)]
  await a.acquire()
  a.rest()
  const second = b.acquire()
  const again = a.acquire()!
  a.end()
  await second
  expect(await granted(again)).toBe(false)
  b.release()
  await again
})

test('a wait ends with its signal, and takes no turn', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b, c] = [tenant(workers), tenant(workers), tenant(workers)]
  await a.acquire()
  const controller = new AbortController()
  const second = b.acquire(controller.signal)!
  const third = c.acquire()!
  controller.abort(new Error('cancelled'))
  await expect(second).rejects.toThrow('cancelled')
  a.release()
  await third
})

test('a closed supply refuses who waits and who comes', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b] = [tenant(workers), tenant(workers)]
  await a.acquire()
  const waiting = b.acquire()?.catch((e: unknown) => e)
  a.end()
  await workers.close()
  expect(await waiting).toMatchObject({ code: 'SKILL_CLOSED' })
  expect(a.evictions).toBe(1)
  expect(() => b.acquire()).toThrow(expect.objectContaining({ code: 'SKILL_CLOSED' }))
})

test('twenty scenarios that rest between their batches share two processes without a deadlock', async () => {
  const workers = new Workers({ max: 2 })
  let most = 0
  const results = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const { skill } = await open({ export: 'pids', host: { workers } })
      const seen: string[] = []
      for (let round = 0; round < 3; round++) {
        seen.push((await skill.call(batch(round, [n]), options())).result)
        most = Math.max(most, workers.held)
        skill.rest()
      }
      return seen
    }),
  )
  expect(results.flat()).toHaveLength(60)
  expect(most).toBe(2)
  const pids = [...new Set(results.flat().map((result) => Number(JSON.parse(result)[0])))]
  await workers.close()
  await until('all are gone', () => !pids.some(alive))
})

test('a resting scenario whose process was taken goes on with a new one', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b] = [await open({ export: 'pids', host: { workers } }), await open({ export: 'pids', host: { workers } })]
  const first = await a.skill.call(batch(), options())
  a.skill.rest()
  await b.skill.call(batch(), options())
  const again = a.skill.call(batch(), options())
  b.skill.rest()
  expect((await again).result).not.toBe(first.result)
})

test('a call that waits for a process obeys its signal, and its time has not begun', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b] = [await open({ export: 'heedsAbort', host: { workers } }), await open({ host: { workers } })]
  const controller = new AbortController()
  const first = a.skill.call(batch(), options({ signal: controller.signal })).catch(() => {})
  await a.logged('begun')
  const waiting = new AbortController()
  const onStart = vi.fn<() => void>()
  const second = b.skill.call(batch(), options({ signal: waiting.signal, onStart }))
  waiting.abort(new Error('not needed any more'))
  await expect(second).rejects.toThrow('not needed any more')
  expect(onStart).not.toHaveBeenCalled()
  controller.abort()
  await first
})

test('closing a skill at work ends its process; the batch is interrupted, later ones are refused', async () => {
  const { skill, workers, logged } = await open({ export: 'heedsAbort' })
  const call = skill.call(batch(), options()).catch((e: unknown) => e)
  await logged('begun')
  await skill.close()
  expect(await call).toMatchObject({ code: 'SKILL_INTERRUPTED' })
  expect(workers.held).toBe(0)
  await expect(skill.call(batch(), options())).rejects.toMatchObject({ code: 'SKILL_CLOSED' })
})

test('once all is closed nothing keeps Node from exiting', async () => {
  const host = spawn(process.execPath, [fixture('closingHost.ts')], { stdio: ['ignore', 'inherit', 'inherit'] })
  expect(await once(host, 'exit')).toEqual([0, null])
})
