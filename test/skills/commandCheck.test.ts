import { createHash } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { CommandSkill } from '../../src/plan.ts'
import { checkCommandSkill, hashCommand } from '../../src/skills/command.ts'
import { commandSkill } from './host.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'troupe-command-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  await writeFile(join(cwd, 'score.sh'), 'cat')
  await writeFile(join(cwd, 'notes.txt'), 'notes')
  await chmod(join(cwd, 'score.sh'), 0o755)
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const check = (changes: Partial<CommandSkill>) => checkCommandSkill(commandSkill({ cwd, ...changes }))

test.for([
  ['its program', ['./score.sh', 'notes.txt'], sha256('cat')],
  ['its script', ['sh', '-e', 'score.sh'], sha256('cat')],
  ['nothing, where a program of PATH has the name of a file', ['cat', 'elsewhere.txt'], ''],
  ['nothing, for the shell', './score.sh', ''],
  ['nothing of another directory', ['/bin/sh', '../score.sh'], ''],
  ['nothing, where a template names it', ['sh', '${params.script}'], ''],
] as const)('a command is known by the hash of %s', async ([, command, hash]) => {
  await writeFile(join(cwd, 'cat'), 'no program')
  const spec = commandSkill({ cwd, command: typeof command === 'string' ? command : [...command] })
  expect(await hashCommand(spec)).toBe(hash)
  expect(await checkCommandSkill(spec)).toEqual({ hash })
})

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
