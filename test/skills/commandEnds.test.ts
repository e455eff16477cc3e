import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { SimulatedClock } from 'xstate'
import { expect, test } from 'vitest'
import { MemoryLimitError } from '../../src/errors.ts'
import { until } from '../support/until.ts'
import { alive, batch, fixture, openCommand, options, type Opened } from './host.ts'

const program = (...given: string[]) => [process.execPath, fixture('program.mjs'), ...given]
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )

/** Process ids that a program has noted on its standard error, once there are `count`. */
const pidsOf = (lines: Opened['lines'], count: number): Promise<number[]> =>
  until(`${count} have said who they are`, () => {
    const pids = lines.flatMap(({ message }): number[] => (message.startsWith('{"pids"') ? JSON.parse(message).pids : []))
    return pids.length >= count && pids
  })

const allGone = (pids: number[]) => until('all are gone', () => !pids.some(alive))

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

test('a command that ignores SIGTERM is killed after the grace, and its worker goes on', async () => {
  const clock = new SimulatedClock()
  const { skill, lines } = await openCommand({ command: program('ignoresTerm'), host: { clock } })
  const call = errorOf(skill.call(batch(), options({ timeoutMs: 500 })))
  const [pid] = await pidsOf(lines, 1)
  clock.increment(500)
  const worker = await parentOf(pid!)
  expect(await call).toMatchObject({ code: 'BATCH_TIMEOUT', class: 'transient' })
  expect(alive(pid!)).toBe(false)
  const again = errorOf(skill.call(batch(), options({ timeoutMs: 500 })))
  const [, next] = await pidsOf(lines, 2)
  clock.increment(500)
  expect(await parentOf(next!)).toBe(worker)
  expect(await again).toMatchObject({ code: 'BATCH_TIMEOUT' })
})

test('what a command has started ends with it, though it ignores SIGTERM and holds the pipes open', async () => {
  const { skill, lines } = await openCommand({ command: program('forks') })
  const controller = new AbortController()
  const call = errorOf(skill.call(batch(), options({ signal: controller.signal })))
  const pids = await pidsOf(lines, 2)
  expect(pids.map(alive)).toEqual([true, true])
  controller.abort(new Error('by the user'))
  expect(await call).toBe(controller.signal.reason)
  await allGone(pids)
})

test('the end of one batch touches no command of another', async () => {
  const { skill, lines } = await openCommand({ command: program('ignoresTerm') })
  const controllers = [new AbortController(), new AbortController()]
  const calls = controllers.map(({ signal }, n) => errorOf(skill.call(batch(n), options({ signal }))))
  const pids = await pidsOf(lines, 2)
  const own = (n: number) => lines.flatMap(({ message, data }): number[] => (data.batch === n ? JSON.parse(message).pids : []))
  controllers[0]!.abort(new Error('this one'))
  await calls[0]
  expect(own(0).map(alive)).toEqual([false])
  expect(own(1).map(alive)).toEqual([true])
  controllers[1]!.abort(new Error('that one'))
  await calls[1]
  await allGone(pids)
})

test('what a command leaves behind when it has done well ends too', async () => {
  const { skill, lines } = await openCommand({ command: program('leavesOne') })
  expect((await skill.call(batch(0, [1]), options())).result).toBe('["done"]')
  await allGone(await pidsOf(lines, 1))
})

test('all that a command holds together counts, and beyond memoryLimitMb all of it ends', async () => {
  const { skill, lines } = await openCommand({ command: program('fillsMemory'), scenario: { memoryLimitMb: 300 } })
  const error = await errorOf(skill.call(batch(), options()))
  expect(error).toBeInstanceOf(MemoryLimitError)
  expect(error).toMatchObject({
    code: 'MEMORY_LIMIT',
    message: expect.stringMatching(/^The skill's process held \d+ MB, more than its limit of 300 MB$/),
  })
  await allGone(await pidsOf(lines, 2))
})

test('what a command holds is measured while it is watched, and not claimed otherwise', async () => {
  const { skill, lines } = await openCommand({ command: program('heedsTerm'), scenario: { memoryLimitMb: 4_000 } })
  const { skill: unwatched } = await openCommand({ command: 'cat' })
  expect(await unwatched.call(batch(), options())).toMatchObject({ cpuMs: null, memoryPeakMb: null })
  let peak: number | null = null
  // A look may come too early; that it never comes is what would keep us here.
  for (let n = 1; peak === null || peak < 20; n++) {
    const controller = new AbortController()
    const call = skill.call(batch(0, [1]), options({ signal: controller.signal }))
    // oxlint-disable-next-line no-await-in-loop
    await pidsOf(lines, n)
    controller.abort()
    // oxlint-disable-next-line no-await-in-loop
    peak = (await call).memoryPeakMb
  }
  expect(peak).toBeLessThan(4_000)
})

test.for(['batch', 'lines'] as const)('a crash and a close take the commands with the worker (%s)', async (mode) => {
  const { skill, lines, workers } = await openCommand({ mode, command: program('forks') })
  const crashed = errorOf(skill.call(batch(), options()))
  const first = await pidsOf(lines, 2)
  skill.crash!()
  expect(await crashed).toMatchObject({ code: 'SKILL_CRASHED', message: expect.stringContaining('was ended by SIGKILL') })
  await allGone(first)
  const closed = errorOf(skill.call(batch(), options()))
  const all = await pidsOf(lines, 4)
  await skill.close()
  expect(await closed).toMatchObject({ code: 'SKILL_INTERRUPTED' })
  await allGone(all)
  expect(workers.held).toBe(0)
})

test('a worker that is killed leaves nothing', async () => {
  const { skill, lines } = await openCommand({ command: program('forks') })
  const call = errorOf(skill.call(batch(), options()))
  const pids = await pidsOf(lines, 2)
  process.kill(await parentOf(pids[0]!), 'SIGKILL')
  expect(await call).toMatchObject({ code: 'SKILL_CRASHED' })
  await allGone(pids)
})

test.for(['batch', 'lines'])('a host that is killed leaves nothing (%s)', async (mode) => {
  const host = spawn(process.execPath, [fixture('killedCommandHost.ts'), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  let pids: number[] = []
  for await (const line of createInterface({ input: host.stdout })) {
    pids = JSON.parse(line).pids
    break
  }
  pids.push(await parentOf(pids[0]!))
  expect(pids.map(alive)).toEqual([true, true, true])
  host.kill('SIGKILL')
  await allGone(pids)
})
