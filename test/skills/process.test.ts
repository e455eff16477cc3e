import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { SimulatedClock } from 'xstate'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openInput } from '../../src/input/input.ts'
import type { SkillTiming } from '../../src/skills/skill.ts'
import { until } from '../support/until.ts'
import { alive, batch, fixture, open, options } from './host.ts'

const pidOf = (result: string): number => JSON.parse(result)[0].pid

test('results arrive as JSON text, from another process, with what the call took', async () => {
  const { skill } = await open()
  const before = Date.now()
  const outcome = await skill.call(batch(), options())
  const pid = pidOf(outcome.result)
  expect(pid).not.toBe(process.pid)
  expect(outcome.result).toBe(`[{"item":1,"pid":${pid}},{"item":2,"pid":${pid}},{"item":3,"pid":${pid}}]`)
  expect(outcome).toMatchObject({ processed: 3, quality: null, usage: null })
  expect(outcome.startedAt).toBeGreaterThanOrEqual(before - 1)
  expect(outcome.startedAt + outcome.activeMs).toBeLessThanOrEqual(Date.now() + 1)
  expect(outcome.memoryPeakMb).toBeGreaterThan(10)
  expect(outcome.cpuMs).not.toBeNull()
  expect(pidOf((await skill.call(batch(1), options())).result)).toBe(pid)
})

test('quality, usage and processed come with the results', async () => {
  const { skill } = await open({ export: 'measured' })
  expect(await skill.call(batch(), options())).toMatchObject({
    result: '["1","2","3"]',
    processed: 2,
    quality: { accuracy: 0.5, recall: 1 },
    usage: { inputTokens: 12 },
  })
})

test('a skill is told its batch and scenario, and reads all items itself', async () => {
  const { skill, lines } = await open({ export: 'told' })
  const { result } = await skill.call(batch(4, [9], 2), options())
  const input = await openInput({ kind: 'generator', generator: 'uniform', seed: 1 }, 5)
  expect(JSON.parse(result)[0]).toEqual({
    run: 'run-1',
    variant: 'default',
    scenario: 'simple',
    repetition: 2,
    batch: 4,
    attempt: 2,
    idempotencyKey: 'run-1/default/simple/2/4',
    itemKey: 'run-1/default/simple/2/5-6',
    params: { depth: 3 },
    size: 5,
    aborted: false,
    all: await Array.fromAsync(input.items(0, 5)),
  })
  expect(lines).toEqual([{ message: 'told', data: { variant: 'default', scenario: 'simple', batch: 4, data: { batch: 4 } } }])
})

test('our own variables do not reach a skill, unless the plan asks for them by name (F4)', async () => {
  vi.stubEnv('TROUPE_DATABASE_URL', 'postgres://bob:opensesame@db/scores')
  vi.stubEnv('DATABASE_URL', 'postgres://other')
  vi.stubEnv('PGPASSWORD', 'opensesame')
  vi.stubEnv('TROUPE_ANYTHING', '1')
  vi.stubEnv('PGHOST', 'db')
  vi.stubEnv('MY_KEY', 'mine')
  const names = ['TROUPE_DATABASE_URL', 'DATABASE_URL', 'PGPASSWORD', 'TROUPE_ANYTHING', 'PGHOST', 'MY_KEY']
  const { skill } = await open({ export: 'environment' })
  expect(JSON.parse((await skill.call(batch(0, names), options())).result)).toEqual([null, null, null, null, 'db', 'mine'])
  const asked = await open({ export: 'environment', host: { secrets: ['DATABASE_URL'] } })
  expect(JSON.parse((await asked.skill.call(batch(0, names), options())).result)).toEqual([
    null,
    'postgres://other',
    null,
    null,
    'db',
    'mine',
  ])
})

test('batches of a scenario run at the same time in one process, and then no CPU time is claimed', async () => {
  const { skill } = await open({ export: 'meets' })
  const outcomes = await Promise.all([skill.call(batch(0), options()), skill.call(batch(1), options())])
  expect(outcomes.map(({ cpuMs }) => cpuMs)).toEqual([null, null])
})

test('CPU time and active time hold all that the skill itself has measured', async () => {
  const { skill } = await open({ export: 'burnsCpu' })
  const { cpuMs, activeMs, result } = await skill.call(batch(0, [1]), options())
  const [own] = JSON.parse(result) as [{ cpuMs: number; wallMs: number }]
  expect(own.cpuMs).toBeGreaterThan(50)
  expect(cpuMs).toBeGreaterThanOrEqual(own.cpuMs)
  expect(activeMs).toBeGreaterThanOrEqual(own.wallMs)
})

test('TypeScript skills run as they are', async () => {
  const { skill } = await open({ module: fixture('typed.ts') })
  expect((await skill.call(batch(0, [1, 2]), options())).result).toBe('[3,5]')
})

test('what a skill throws keeps its name, fields and causes', async () => {
  const { skill } = await open({ export: 'throwsRichly' })
  const failures: SkillTiming[] = []
  const error: Error = await skill.call(batch(), options({ onFailure: (timing) => failures.push(timing) })).catch((e) => e)
  expect(error).toMatchObject({ name: 'TypeError', message: 'fetch failed', status: 503, retryAfterMs: 250 })
  expect(error.cause).toMatchObject({ message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' })
  expect(error.stack).toContain('skills.mjs')
  expect(failures).toEqual([expect.objectContaining({ activeMs: expect.any(Number), memoryPeakMb: expect.any(Number) })])
  const text = await open({ export: 'throwsText' })
  await expect(text.skill.call(batch(), options())).rejects.toBe('just words')
})

test.for(['loops', 'neverResolves'])('a skill that %s is stopped: abort, grace, kill, and a new process', async (name) => {
  const clock = new SimulatedClock()
  const { skill } = await open({ export: name, host: { clock, graceMs: 1_000 } })
  const failures: SkillTiming[] = []
  const started = Promise.withResolvers<void>()
  const failed = skill
    .call(batch(3), options({ timeoutMs: 500, onStart: started.resolve, onFailure: (timing) => failures.push(timing) }))
    .catch((e) => e)
  await started.promise
  // Time-out and grace are set when the call begins, and not before.
  await until('the call has failed', () => {
    clock.increment(500)
    clock.increment(1_000)
    return failures.length === 1
  })
  expect(await failed).toMatchObject({ code: 'BATCH_TIMEOUT', class: 'transient', message: 'Batch 3 took longer than its 500 ms' })
  expect((await skill.call(batch(3, [1], 2), options())).result).toBe('[1]')
})

test('a skill that heeds its abort keeps its process', async () => {
  const { skill, logged, lines } = await open({ export: 'heedsAbort', host: { graceMs: 20_000 } })
  const pids: unknown[] = []
  for (const reason of ['cancelled by the user', 'cancelled again']) {
    const controller = new AbortController()
    const call = skill.call(batch(), options({ signal: controller.signal }))
    pids.push((await logged('begun')).data)
    controller.abort(new Error(reason))
    await expect(call).rejects.toBe(controller.signal.reason)
    lines.length = 0
  }
  expect(pids[0]).toEqual({ pid: expect.any(Number) })
  expect(pids[1]).toEqual(pids[0])
})

test('a result that was ready in spite of an abort is kept, after a time-out it is not', async () => {
  const clock = new SimulatedClock()
  const { skill, logged, lines } = await open({ export: 'returnsAfterAbort', host: { clock } })
  const controller = new AbortController()
  const kept = skill.call(batch(), options({ signal: controller.signal }))
  await logged('begun')
  controller.abort()
  expect((await kept).result).toBe('[1,2,3]')
  lines.length = 0
  const late = skill.call(batch(), options({ timeoutMs: 100 }))
  await logged('begun')
  clock.increment(100)
  await expect(late).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
})

test('a batch that comes while its process is being killed begins when that is gone, in a new one', async () => {
  const clock = new SimulatedClock()
  const { skill, logged } = await open({ export: 'ignoresAbort', host: { clock, graceMs: 1_000 } })
  const killed = skill.call(batch(), options({ timeoutMs: 500 })).catch((e) => e)
  const { pid } = (await logged('begun')).data as { pid: number }
  clock.increment(500)
  clock.increment(1_000)
  let overlapped: boolean | undefined
  await skill.call(batch(0, [1], 2), options({ onStart: () => void (overlapped = alive(pid)) }))
  expect(overlapped).toBe(false)
  expect(await killed).toMatchObject({ code: 'BATCH_TIMEOUT' })
})

test('who shared the process of a skill that had to be killed is interrupted, not blamed', async () => {
  const { skill, logged } = await open({ export: 'loopsBesideAnother' })
  const guilty = skill.call(batch(0), options({ timeoutMs: 300 })).catch((e) => e)
  await logged('begun 0')
  const innocent = skill.call(batch(1), options()).catch((e) => e)
  expect(await guilty).toMatchObject({ code: 'BATCH_TIMEOUT' })
  expect(await innocent).toMatchObject({ code: 'SKILL_INTERRUPTED', class: 'ignored' })
})

test("a heap that is full is the scenario's memory limit", async () => {
  const { skill } = await open({ export: 'fillsHeap', scenario: { memoryLimitMb: 200 } })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({
    code: 'MEMORY_LIMIT',
    message: expect.stringMatching(/held \d+ MB.*200 MB|200 MB; it held \d+ MB/),
  })
})

test('a heap that is full is told from another crash where no memory is watched', async () => {
  vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=50')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { skill } = await open({ export: 'fillsHeap' })
  const message = expect.stringMatching(/^The skill's heap needed more memory than there was; it held \d+ MB$/)
  await expect(skill.call(batch(), options())).rejects.toMatchObject({ code: 'MEMORY_LIMIT', message })
})

test('buffers beyond the limit too, although no heap is full', async () => {
  const { skill } = await open({ export: 'fillsBuffers', scenario: { memoryLimitMb: 200 } })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({
    code: 'MEMORY_LIMIT',
    message: expect.stringMatching(/^The skill's process held \d+ MB, more than its limit of 200 MB$/),
  })
})

test('a skill that ends its process costs its batch, and the next has a new process', async () => {
  const { skill } = await open({ export: 'exitsOnlyOnce' })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({
    code: 'SKILL_CRASHED',
    class: 'recoverable',
    message: "The skill's process ended with exit code 7 while it ran this batch",
  })
  expect((await skill.call(batch(0, [5], 2), options())).result).toBe('[5]')
  const clean = await open({ export: 'exits' })
  await expect(clean.skill.call(batch(), options())).rejects.toMatchObject({ exit: { code: 0 } })
})

test('an error thrown in a timer is told with the words of the process', async () => {
  const { skill } = await open({ export: 'throwsInTimer' })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({
    code: 'SKILL_CRASHED',
    message: expect.stringContaining('thrown beside the promise'),
  })
})

test('a crash with several batches in flight fails them all, and says so', async () => {
  const { skill } = await open({ export: 'crashesTogether' })
  const errors = await Promise.all([0, 1].map((n) => skill.call(batch(n), options()).catch((e) => e)))
  const message = "The skill's process ended with exit code 3 while it ran 2 batches, this one among them"
  expect(errors).toMatchObject([{ message }, { message }])
})

test('what a skill writes is logged line by line and never ours', async () => {
  const { skill, lines } = await open({ export: 'writesMuch', host: { graceMs: 60_000 } })
  await skill.call(batch(), options())
  await skill.close()
  expect(lines.filter(({ data }) => data.stream === 'stderr').map(({ message }) => message)).toEqual(['on stderr'])
  const written = lines.filter(({ data }) => data.stream === 'stdout').map(({ message }) => message)
  expect(written.filter((line) => line === 'x'.repeat(999))).toHaveLength(4_000)
  expect(written.filter((line) => line.startsWith('y')).map(({ length }) => length)).toEqual([8_192, 8_192, 3_616])
})

/** Lets this process do nothing else, as on a machine that is too busy for it. */
const block = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

test('what a skill has written is not lost when its host was too busy to read it before the grace was over', async () => {
  const heard = join(await mkdtemp(join(tmpdir(), 'heard-')), 'end')
  onTestFinished(() => rm(dirname(heard), { recursive: true }))
  const { skill, lines } = await open({ export: 'writesMuch', scenario: { params: { heard } }, host: { graceMs: 3_000 } })
  await skill.call(batch(), options())
  const closed = skill.close()
  while (!existsSync(heard)) block(5)
  block(3_100)
  await closed
  expect(lines.filter(({ message }) => message === 'x'.repeat(999))).toHaveLength(4_000)
})

test('the last words of a process that has ended are heard, however long each of them keeps its host', async () => {
  const { skill, lines } = await open({
    export: 'writesAndExits',
    host: { log: (message) => (block(6), lines.push({ message, data: {} })) },
  })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({ code: 'SKILL_CRASHED' })
  expect(lines.filter(({ message }) => message === 'z'.repeat(999))).toHaveLength(100)
})

test('what a process has left behind, and what goes on writing to its pipes for ever, keeps nobody', async () => {
  const { skill, logged } = await open({ export: 'leavesAWriter' })
  const call = skill.call(batch(), options()).catch((error: unknown) => error)
  const { pid } = (await logged('left')).data as { pid: number }
  expect(await call).toMatchObject({ code: 'SKILL_CRASHED' })
  // To write where nobody reads any more has ended it.
  await until('it is gone', () => !alive(pid))
})

test.for([
  ['nothing', 'RESULT_SHAPE', 'The skill returned undefined, not an array of results'],
  ['text', 'RESULT_SHAPE', 'The skill returned string, not an array of results'],
  ['tooFew', 'RESULT_SHAPE', 'The skill returned 0 results for 1 item'],
  ['tooMany', 'RESULT_SHAPE', 'The skill returned 2 results for 1 item'],
  ['circle', 'UNSTORABLE_RESULT', 'Result 0 cannot be written as JSON: it contains itself'],
  ['bigint', 'UNSTORABLE_RESULT', 'Result 0 cannot be written as JSON: it holds a BigInt; write it as a string'],
  ['undefinedEntry', 'UNSTORABLE_RESULT', 'Result 0 is undefined, which is no JSON; return null for an item without a result'],
  ['functionEntry', 'UNSTORABLE_RESULT', 'Result 0 is a function, which is no JSON; return null for an item without a result'],
  ['symbolEntry', 'UNSTORABLE_RESULT', 'Result 0 is a symbol, which is no JSON; return null for an item without a result'],
  ['nul', 'UNSTORABLE_RESULT', 'Result 0 holds the character U+0000, which PostgreSQL cannot store'],
  ['surrogate', 'UNSTORABLE_RESULT', 'Result 0 holds the lone surrogate U+D800, which PostgreSQL cannot store'],
  ['large', 'UNSTORABLE_RESULT', 'The results take 2.0 MB, more than maxResultBytes, 1.0 MB'],
  ['processed', 'RESULT_SHAPE', 'The skill returned processed: 2, expected a whole number from 0 to 1'],
  ['quality', 'RESULT_SHAPE', 'The skill returned quality: 1.5, expected a number from 0 to 1, or { metric: number }'],
  ['usage', 'RESULT_SHAPE', 'The skill returned usage.tokens: "many", expected a finite number'],
  ['qualityText', 'RESULT_SHAPE', 'The skill returned quality.acc: "1", expected a finite number'],
  ['typo', 'RESULT_SHAPE', 'The skill returned a key "qualty" beside "results", which means nothing; did you mean quality?'],
  [
    'extra',
    'RESULT_SHAPE',
    'The skill returned a key "meta" beside "results", which means nothing; known are results, quality, usage, processed, itemErrors',
  ],
  ['nan', 'UNSTORABLE_RESULT', 'Result 0 is NaN, which is no JSON'],
  ['infinite', 'UNSTORABLE_RESULT', 'Result 0.score is Infinity, which is no JSON'],
  ['result', 'RESULT_SHAPE', 'The skill returned an object without "results"; it has "result"'],
] as const)('garbage is refused where it is made: %s', async ([what, code, message]) => {
  const { skill } = await open({ export: 'garbage', scenario: { params: { what } } })
  await expect(skill.call(batch(0, [1]), options())).rejects.toMatchObject({ code, message, class: 'critical' })
})

test('items that cannot cross to a process are refused, and say so', async () => {
  const { skill } = await open()
  await expect(skill.call(batch(0, [() => 1]), options())).rejects.toMatchObject({ code: 'INPUT_INVALID' })
})

test('when the host is killed, its looping skill ends, and what that started', async () => {
  const host = spawn(process.execPath, [fixture('killedHost.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  let pids: number[] = []
  for await (const line of createInterface({ input: host.stdout })) {
    const { pid, other } = JSON.parse(line).data
    pids = [pid, other]
    break
  }
  expect(pids.map(alive)).toEqual([true, true])
  host.kill('SIGKILL')
  await until('both are gone', () => !pids.some(alive))
})
