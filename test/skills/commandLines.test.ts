import { SimulatedClock } from 'xstate'
import { expect, test } from 'vitest'
import { SkillInterruptedError } from '../../src/errors.ts'
import type { CommandSkill } from '../../src/plan.ts'
import { Workers } from '../../src/skills/workers.ts'
import { until } from '../support/until.ts'
import { alive, batch, fixture, openCommand, options, type Opened } from './host.ts'

const stays = (way: string, ...given: string[]): Partial<CommandSkill> => ({
  mode: 'lines',
  command: [process.execPath, fixture('program.mjs'), way, ...given],
})
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )

/** What a program noted on its standard error, once a line has it. */
const noted = (lines: Opened['lines'], what: string) =>
  until(`it says ${what}`, () => lines.map(({ message }) => message).find((message) => message.includes(what)))

test('one program answers every batch', async () => {
  const { skill } = await openCommand(stays('answers'))
  const first = await skill.call(batch(0, ['a', 'b']), options())
  const pid = JSON.parse(first.result)[0].pid
  expect(first).toMatchObject({ result: `[{"item":"a","pid":${pid}},{"item":"b","pid":${pid}}]`, usage: { id: 1 }, cpuMs: null })
  expect(await skill.call(batch(1, ['c']), options())).toMatchObject({ result: `[{"item":"c","pid":${pid}}]`, usage: { id: 2 } })
  await skill.close()
  expect(alive(pid)).toBe(false)
})

test('a request says what a skill is told', async () => {
  const { skill } = await openCommand({ ...stays('repeats'), scenario: { params: { depth: 3 } } })
  const { result } = await skill.call(batch(4, [9], 2), options())
  expect(JSON.parse(result)).toEqual([
    {
      id: 1,
      items: [9],
      params: { depth: 3 },
      size: 5,
      run: 'run-1',
      variant: 'default',
      scenario: 'simple',
      repetition: 2,
      batch: 4,
      attempt: 2,
      idempotencyKey: 'run-1/default/simple/2/4',
      itemKeys: ['run-1/default/simple/2/4-5'],
    },
  ])
})

test('the environment says what stays the same, and no more', async () => {
  const command = 'read -r line; echo "[\\"$TROUPE_SCENARIO $${TROUPE_BATCH-none} $${TROUPE_REPETITION-none}\\"]"'
  const { skill } = await openCommand({ mode: 'lines', command })
  expect((await skill.call(batch(0, [1]), options())).result).toBe('["simple none none"]')
})

test.for(['swaps', 'bare'])('answers find their batches: %s', async (way) => {
  const { skill } = await openCommand(stays(way))
  const outcomes = await Promise.all([skill.call(batch(0, ['first']), options()), skill.call(batch(1, ['second']), options())])
  expect(outcomes.map(({ result }) => result)).toEqual(['["first"]', '["second"]'])
})

test('an answer may be an error, which is one as any other', async () => {
  const { skill } = await openCommand(stays('refuses'))
  expect(await errorOf(skill.call(batch(), options()))).toMatchObject({
    message: 'busy',
    class: 'transient',
    code: 'BUSY',
    retryAfterMs: 250,
  })
  const odd = await errorOf(skill.call(batch(), options()))
  expect(odd).toMatchObject({ message: 'odd' })
  expect(odd).not.toHaveProperty('class')
  expect(await errorOf(skill.call(batch(), options()))).toMatchObject({ message: 'in words' })
})

test('a program cannot pass off its errors as ours, which end scenarios or count for nothing', async () => {
  const answer = JSON.stringify({ error: { message: 'mine', code: 'SKILL_INTERRUPTED' } })
  const { skill } = await openCommand({ mode: 'lines', command: ['echo', answer] })
  const error = await errorOf(skill.call(batch(), options()))
  expect(error).toMatchObject({ name: 'Error', message: 'mine', code: 'SKILL_INTERRUPTED' })
  expect(error).not.toBeInstanceOf(SkillInterruptedError)
})

test.for([
  ['words', 'RESULT_SHAPE', 'A line of the command is no JSON: "words"'],
  ['5', 'RESULT_SHAPE', 'A line of the command is no answer, which has "results" or "error": "5"'],
  ['{"result":[]}', 'RESULT_SHAPE', 'A line of the command is no answer, which has "results" or "error": "{\\"result\\":[]}"'],
  ['{"id":9,"results":[1]}', 'RESULT_SHAPE', 'The command answered id 9, which is no batch it has'],
  [
    'x'.repeat(70_000),
    'UNSTORABLE_RESULT',
    'The command wrote more to its standard output than maxResultBytes, 60000 bytes, and was ended',
  ],
])('garbage is the fault of the batch that waits longest, and the program is replaced: %#', async ([garbage, code, message]) => {
  const { skill, lines } = await openCommand({ ...stays('garbage', garbage!), host: { maxResultBytes: 60_000 } })
  const oldest = errorOf(skill.call(batch(0), options()))
  await noted(lines, '"batch":0')
  const other = errorOf(skill.call(batch(1), options()))
  expect(await Promise.all([oldest, other])).toMatchObject([
    { code, class: 'critical', message },
    { name: 'SkillInterruptedError', class: 'ignored' },
  ])
  expect((await skill.call(batch(1, [7], 2), options())).result).toBe('[7]')
})

test('results of the wrong shape cost their batch, and the program goes on', async () => {
  const { skill, lines } = await openCommand(stays('garbage', '[1]\n{"results":[1,2,3]}\n'))
  const wrong = errorOf(skill.call(batch(0), options()))
  await noted(lines, '"batch":0')
  const right = skill.call(batch(1), options())
  expect(await wrong).toMatchObject({
    code: 'RESULT_SHAPE',
    message: 'The command returned 1 result for 3 items: its output begins with "[1]"',
  })
  expect((await right).result).toBe('[1,2,3]')
})

test.for([
  ['3', {}, 'recoverable', 'exit code 3'],
  ['0', {}, 'recoverable', 'exit code 0'],
  ['4', { 4: 'transient' }, 'transient', 'exit code 4'],
] as const)(
  'a program that exits (%s, %j) fails the batches it had, and the next has a new one',
  async ([code, exitCodes, expected, how]) => {
    const { skill } = await openCommand({ ...stays('exits', code), exitCodes })
    expect((await skill.call(batch(0, [1]), options())).result).toBe('[1]')
    expect(await errorOf(skill.call(batch(1), options()))).toMatchObject({
      code: 'COMMAND_FAILED',
      class: expected,
      message: `The command's process ended with ${how} while it ran this batch\n  "no more"`,
      stderr: '"no more"\n',
    })
    expect((await skill.call(batch(1, [1], 2), options())).result).toMatch(/^\[\d+\]$/)
  },
)

test('a time-out ends the program, also one that ignores SIGTERM; who shared it is interrupted', async () => {
  const clock = new SimulatedClock()
  const { skill, lines } = await openCommand({ ...stays('hangs'), host: { clock } })
  const guilty = errorOf(skill.call(batch(0), options({ timeoutMs: 500 })))
  const pid = JSON.parse(await noted(lines, '"batch":0')).pids[0]
  const innocent = errorOf(skill.call(batch(1), options()))
  await noted(lines, '"batch":1')
  clock.increment(500)
  expect(await guilty).toMatchObject({ code: 'BATCH_TIMEOUT' })
  expect(await innocent).toBeInstanceOf(SkillInterruptedError)
  expect(alive(pid)).toBe(false)
  const again = await skill.call(batch(0, [1], 2), options())
  expect(again.result).not.toBe(`[${pid}]`)
  await skill.close()
  expect(alive(JSON.parse(again.result)[0])).toBe(false)
})

test('a scenario that rests gives its program up when another needs the worker, and goes on with a new one', async () => {
  const workers = new Workers({ max: 1 })
  const [a, b] = [await openCommand({ ...stays('answers'), host: { workers } }), await openCommand({ host: { workers } })]
  const pidOf = async () => JSON.parse((await a.skill.call(batch(0, [1]), options())).result)[0].pid as number
  const first = await pidOf()
  a.skill.rest()
  expect((await b.skill.call(batch(0, [1]), options())).result).toBe('[1]')
  expect(alive(first)).toBe(false)
  b.skill.rest()
  expect(await pidOf()).not.toBe(first)
})

test('a batch that is aborted rejects with the reason', async () => {
  const { skill, lines } = await openCommand(stays('hangs'))
  const controller = new AbortController()
  const call = errorOf(skill.call(batch(0), options({ signal: controller.signal })))
  await noted(lines, '"batch":0')
  controller.abort(new Error('by the user'))
  expect(await call).toBe(controller.signal.reason)
})
