import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SimulatedClock } from 'xstate'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { CommandSkill } from '../../src/plan.ts'
import type { SkillTiming } from '../../src/skills/skill.ts'
import { until } from '../support/until.ts'
import { batch, fixture, openCommand, options } from './host.ts'

const program = (...given: string[]) => [process.execPath, fixture('program.mjs'), ...given]

/** What a command makes of some items: its results as text, or the error. */
async function outcomeOf(spec: Partial<CommandSkill>, items: readonly unknown[], around: { maxResultBytes?: number } = {}) {
  const { skill } = await openCommand({ ...spec, host: around })
  return skill.call(batch(0, items), options())
}

test.for([
  ['jsonl', {}, [1, 'a\nb', { c: null }], '[1,"a\\nb",{"c":null}]'],
  ['json', { stdin: 'json', stdout: 'json' }, [1, { a: 'ü' }], '[1,{"a":"ü"}]'],
  ['text, in a pipeline', { command: 'cat | sort -r', stdin: 'text', stdout: 'text' }, ['a', 'c', 'b'], '["c","b","a"]'],
  ['a list', { command: ['sh', '-c', 'cat'] }, [1, 2], '[1,2]'],
] as const)('items go in and results come out: %s', async ([, spec, items, expected]) => {
  expect((await outcomeOf(spec as Partial<CommandSkill>, items)).result).toBe(expected)
})

test('one document may hold figures beside the results', async () => {
  const document = { results: [1, 2], quality: 0.5, usage: { tokens: 3 }, processed: 1 }
  const outcome = await outcomeOf({ command: ['echo', JSON.stringify(document)], stdout: 'json' }, [1, 2])
  expect(outcome).toMatchObject({ result: '[1,2]', quality: { accuracy: 0.5 }, usage: { tokens: 3 }, processed: 1, cpuMs: null })
})

test.each([
  ['true', 'jsonl', 'The command returned 0 results for 2 items: it wrote nothing to its standard output'],
  ['wc -l', 'text', 'The command returned 1 result for 2 items: its output begins with "2\\n"'],
  ['printf 3', 'json', 'The command returned no array of results for 2 items: its output begins with "3"'],
  ['seq 100', 'text', /^The command returned 100 results for 2 items: its output begins with "1\\n2\\n3\\n.*\\n69\\n70"$/],
] as const)(
  'where the results are not as many as the items, what the command wrote is shown (first hour 7): %s',
  async (command, stdout, message) => {
    const error: unknown = await outcomeOf({ command, stdout }, [1, 2]).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RESULT_SHAPE', class: 'critical' })
    if (typeof message === 'string') expect((error as Error).message).toBe(message)
    else expect((error as Error).message).toMatch(message)
  },
)

test('an item that would be two with stdin: text is refused, and the program not started', async () => {
  await expect(outcomeOf({ stdin: 'text', command: ['there-is-no-such-program'] }, ['a', 'b\nc'])).rejects.toMatchObject({
    code: 'COMMAND_INPUT',
    class: 'critical',
    message: 'Item 1 of the batch has a line break, which with stdin: text would make two items of it',
  })
})

test('exit codes are classes, the usual ones or those of the plan; a signal is recoverable', async () => {
  const exitCodes = { 0: 'critical', 4: 'transient', 76: 'ignored', 64: 'recoverable' } as const
  const { skill } = await openCommand({ command: 'if [ $TROUPE_BATCH = 1000 ]; then kill -SEGV $$; fi; exit $TROUPE_BATCH', exitCodes })
  const expected = [
    [3, 'recoverable', 'ended with exit code 3'],
    [75, 'transient', 'ended with exit code 75'],
    [65, 'critical', 'ended with exit code 65'],
    [66, 'critical', 'ended with exit code 66'],
    [67, 'recoverable', 'ended with exit code 67'],
    [126, 'critical', 'ended with exit code 126 (not executable)'],
    [127, 'critical', 'ended with exit code 127 (no such program)'],
    [0, 'critical', 'ended with exit code 0'],
    [4, 'transient', 'ended with exit code 4'],
    [76, 'ignored', 'ended with exit code 76'],
    [64, 'recoverable', 'ended with exit code 64'],
    [1000, 'recoverable', 'was ended by SIGSEGV'],
  ] as const
  const errors = await Promise.all(expected.map(([code]) => skill.call(batch(code), options()).catch((error: unknown) => error)))
  expect(errors).toMatchObject(
    expected.map(([, errorClass, how]) => ({
      code: 'COMMAND_FAILED',
      class: errorClass,
      message: `The command's process ${how} while it ran this batch`,
    })),
  )
})

test('standard error is read however much it is, its end kept with the error, and its beginning logged', async () => {
  const { skill, lines } = await openCommand({ command: program('floods', '9') })
  const failures: SkillTiming[] = []
  const error = await skill.call(batch(7), options({ onFailure: (timing) => failures.push(timing) })).catch((e) => e)
  expect(error).toMatchObject({ code: 'COMMAND_FAILED', commandExit: 9 })
  expect(error.message.split('\n  ').slice(-2)).toEqual(['e'.repeat(99), 'the last line'])
  // 8 192 characters: the last line with its line break, 14, and of the others, 100 each, what still fits.
  expect(error.stderr).toBe(`${`${'e'.repeat(99)}\n`.repeat(82).slice(-8_178)}the last line\n`)
  expect(failures).toHaveLength(1)
  const data = { variant: 'default', scenario: 'simple', batch: 7, data: { stream: 'stderr' } }
  expect(lines).toHaveLength(1_001)
  expect(lines[999]).toEqual({ message: 'e'.repeat(99), data })
  expect(lines[1_000]).toEqual({ message: 'There is more on its standard error than 1000 lines; the rest is not logged', data })
})

test('a command is told its batch by its environment, in its directory', async () => {
  const { skill } = await openCommand({
    command: program('told', '${params.depth}', '${size} of ${scenario}', '$${x}'),
    env: { MINE: '<${params.deep.er}>', MINE_TOO: '${env:TROUPE_TEST_SECRET}', TROUPE_SIZE: 'ours goes before' },
    scenario: { params: { depth: 3, deep: { er: [1, 'b'] } } },
  })
  vi.stubEnv('TROUPE_TEST_SECRET', 'sesame')
  const { result } = await skill.call(batch(4, [9], 2), options())
  vi.unstubAllEnvs()
  expect(JSON.parse(result)).toEqual([
    {
      cwd: fixture('').replace(/\/$/, ''),
      rest: ['3', '5 of simple', '${x}'],
      env: {
        MINE: '<[1,"b"]>',
        MINE_TOO: 'sesame',
        TROUPE_TEST_SECRET: 'sesame',
        TROUPE_RUN: 'run-1',
        TROUPE_VARIANT: 'default',
        TROUPE_SCENARIO: 'simple',
        TROUPE_REPETITION: '2',
        TROUPE_BATCH: '4',
        TROUPE_ATTEMPT: '2',
        TROUPE_IDEMPOTENCY_KEY: 'run-1/default/simple/2/4',
        TROUPE_DIFFICULTY: 'easy',
        TROUPE_SIZE: '5',
        TROUPE_PARAMS: '{"depth":3,"deep":{"er":[1,"b"]}}',
      },
    },
  ])
})

test('what a template names and is not there ends the scenario, not one batch after the other', async () => {
  await expect(outcomeOf({ command: 'echo ${params.model}' }, [1])).rejects.toMatchObject({
    code: 'SKILL_LOAD',
    message: 'The command names ${params.model}, and scenario "simple" has none',
  })
})

test.for([
  [['no-such-program-anywhere'], {}, 'The command cannot be started: there is no program "no-such-program-anywhere"'],
  [['./program.mjs'], {}, 'The command cannot be started: "./program.mjs" may not be executed'],
  [['echo', '${params.nul}'], {}, 'The command cannot be started: one of its arguments or variables holds U+0000'],
  [['cat'], { cwd: fixture('nowhere') }, `The command cannot be started: there is no directory ${fixture('nowhere')}`],
] as const)('what cannot be started ends the scenario and says why: %j', async ([command, changes, message]) => {
  const { skill } = await openCommand({ command: [...command], ...changes, scenario: { params: { nul: 'a\u0000b' } } })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({ name: 'SkillLoadError', code: 'SKILL_LOAD', message })
})

test('more output than maxResultBytes ends the command', async () => {
  const error = outcomeOf({ command: program('writesForEver') }, [1], { maxResultBytes: 100_000 })
  await expect(error).rejects.toMatchObject({
    code: 'UNSTORABLE_RESULT',
    class: 'critical',
    message: 'The command wrote more to its standard output than maxResultBytes, 100000 bytes, and was ended',
  })
})

test('a command that does not read its items may do well', async () => {
  const item = 'x'.repeat(4_000_000)
  expect((await outcomeOf({ command: 'echo 1; exec 0<&-; echo 2' }, [item, item])).result).toBe('[1,2]')
})

test('batches of a scenario run at the same time', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'troupe-command-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  // Two that both wait for the other can only end when they run at the same time.
  const { skill } = await openCommand({ cwd, command: 'touch b$TROUPE_BATCH; until [ -e b0 ] && [ -e b1 ]; do sleep 0.01; done; cat' })
  const outcomes = await Promise.all([skill.call(batch(0), options()), skill.call(batch(1), options())])
  expect(outcomes.map(({ result }) => result)).toEqual(['[1,2,3]', '[1,2,3]'])
})

test('a result that was ready in spite of an abort is kept, after a time-out it is not', async () => {
  const clock = new SimulatedClock()
  const { skill, lines } = await openCommand({ command: program('heedsTerm'), host: { clock, graceMs: 20_000 } })
  const controller = new AbortController()
  const kept = skill.call(batch(0, [1]), options({ signal: controller.signal }))
  await until('a line is said', () => lines.length === 1)
  controller.abort()
  expect((await kept).result).toBe('["in spite of it"]')
  const late = skill.call(batch(0, [1]), options({ timeoutMs: 500 }))
  await until('two lines are said', () => lines.length === 2)
  clock.increment(500)
  await expect(late).rejects.toMatchObject({ code: 'BATCH_TIMEOUT' })
})

test.for<[string, Partial<CommandSkill>, string]>([
  ['a line', { command: ['printf', '%s\\n%s\\n', '1', '{"itemError":{"message":"no","class":"transient"}}'] }, '[1,null]'],
  [
    'a document',
    { command: ['echo', '{"results":[1,2],"itemErrors":{"1":{"error":{"message":"no","class":"transient"}}}}'], stdout: 'json' },
    '[1,null]',
  ],
  [
    'an answer',
    {
      mode: 'lines',
      command: `read line; echo '{"results":[1,null],"itemErrors":[null,{"error":{"message":"no","class":"transient"}}]}'; cat > /dev/null`,
    },
    '[1,null]',
  ],
])('an item fails alone by %s (newcomer fault 5)', async ([, spec, expected]) => {
  const outcome = await outcomeOf(spec, ['a', 'b'])
  expect(outcome).toMatchObject({ result: expected, processed: 1 })
  expect(outcome.itemFailures).toMatchObject([[1, { message: 'no', class: 'transient' }]])
})

test('a line with a key "error" is a good result', async () => {
  const outcome = await outcomeOf({ command: ['echo', '{"error":{"message":"no","class":"transient"}}'] }, ['a'])
  expect(outcome).toMatchObject({ result: '[{"error":{"message":"no","class":"transient"}}]', processed: 1 })
  expect(outcome).not.toHaveProperty('itemFailures')
})
