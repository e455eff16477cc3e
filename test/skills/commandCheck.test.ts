import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { CommandSkill } from '../../src/plan.ts'
import { checkCommandSkill, commandProgram } from '../../src/skills/command.ts'
import { commandSkill } from './host.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'troupe-command-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  await writeFile(join(cwd, 'score.sh'), 'cat')
  await writeFile(join(cwd, 'notes.txt'), 'notes')
  await chmod(join(cwd, 'score.sh'), 0o755)
})

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
const check = (changes: Partial<CommandSkill>) => checkCommandSkill(commandSkill({ cwd, ...changes }))

test.for([
  ['its program and the files it is given', ['./score.sh', 'notes.txt'], ['score.sh', 'notes.txt']],
  ['its script', ['sh', '-e', 'score.sh'], ['score.sh']],
  ['a script of Node, and what that imports', ['node', 'score.mjs'], ['score.mjs', 'prompt.mjs']],
  ['what the shell is given', './score.sh', ['score.sh']],
  ['what a shell in a list is given', ['sh', '-c', '"./score.sh" --words notes.txt | tee copy.txt'], ['score.sh', 'notes.txt']],
  ['what the shell joins', 'A=1 ./score.sh "notes.txt"; cd x && node score.mjs', ['score.sh', 'notes.txt', 'score.mjs', 'prompt.mjs']],
  ['a shell within the shell', 'sh -c \'./score.sh --words="notes.txt"\'', ['score.sh', 'notes.txt']],
  ['the values of options', ['node', '--import=./prompt.mjs', 'score.mjs'], ['score.mjs', 'prompt.mjs']],
  ['not what output is sent to', './score.sh > notes.txt 2>> copy.txt', ['score.sh']],
  ['not what it is told to write', ['./score.sh', '--log', 'notes.txt', '--output=copy.txt', '-o', 'copy.txt'], ['score.sh']],
  ['a file beside its directory', ['sh', '../shared.sh'], ['../shared.sh']],
  ['nothing, where a program of PATH has the name of a file', ['cat', 'elsewhere.txt'], []],
  ['nothing of the machine', ['/bin/sh'], []],
  ['nothing, where a template names it', ['sh', '${params.script}', 'score${params.end}.sh'], []],
] as const)('a command is known by %s (case 24)', async ([, command, files]) => {
  await mkdir(join(cwd, 'here'))
  await rename(join(cwd, 'score.sh'), join(cwd, 'here/score.sh'))
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(cwd, 'here', name), text)
  const spec = commandSkill({ cwd: join(cwd, 'here'), command: typeof command === 'string' ? command : [...command] })
  expect(await commandProgram(spec)).toEqual(files.map((name) => [name, hash(FILES[name] ?? '')]))
  expect(await checkCommandSkill(spec)).toEqual(await commandProgram(spec))
})

const FILES: Record<string, string> = {
  'score.sh': 'cat',
  'notes.txt': 'notes',
  'copy.txt': 'copy',
  'score.mjs': "import './prompt.mjs'",
  'prompt.mjs': 'export {}',
  '../shared.sh': 'shared',
  cat: 'no program',
}

test('a program that is not there, or may not be executed, is found out before the first batch', async () => {
  await expect(check({ command: ['score.sh'] })).rejects.toMatchObject({
    code: 'SKILL_LOAD',
    exitCode: 2,
    message: 'The command cannot be started: there is no program "score.sh" on PATH',
    hint: 'Give the path of the program, relative to cwd and with a slash in it (./score.sh), or the name of one that is on PATH',
  })
  await expect(check({ command: ['./no.sh'] })).rejects.toThrow(`there is no program ${join(cwd, 'no.sh')}`)
  await expect(check({ command: ['./notes.txt'] })).rejects.toMatchObject({
    message: `The command cannot be started: ${join(cwd, 'notes.txt')} may not be executed`,
    hint: `Make it executable: chmod +x ${join(cwd, 'notes.txt')}`,
  })
  await check({ command: ['score.sh'], env: { PATH: cwd } })
  await check({ command: ['${params.program}'] })
})

test('an environment variable that a template names must be set', async () => {
  const spec = { command: 'curl -H "$HEADER" ${env:TROUPE_TEST_ONE}', env: { HEADER: '${env:TROUPE_TEST_TWO}' } }
  await expect(check(spec)).rejects.toMatchObject({
    code: 'SKILL_LOAD',
    message: 'The command names environment variables, and TROUPE_TEST_ONE, TROUPE_TEST_TWO are not set',
  })
  vi.stubEnv('TROUPE_TEST_ONE', '1')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(check(spec)).rejects.toThrow('The command names environment variables, and TROUPE_TEST_TWO is not set')
  vi.stubEnv('TROUPE_TEST_TWO', '')
  await check(spec)
})
