import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { PlanFunctionsError, RunHeldError, RunStoppedError } from '../src/errors.ts'
import { shellWord, troupeCommand } from '../src/shellCommand.ts'

test('a word that a shell reads as it is stays as it is (first hour 14)', () => {
  expect(troupeCommand('restart', 'demo-4kx2', 'default/small')).toBe('troupe restart demo-4kx2 default/small')
  expect(troupeCommand('run', './plans/a+b,c.ts')).toBe('troupe run ./plans/a+b,c.ts')
})

test.for([
  ['My Run!', "'My Run!'"],
  ["it's", String.raw`'it'\''s'`],
  ['$(touch x)', "'$(touch x)'"],
  ['', "''"],
  ['~', "'~'"],
  ['=ls', "'=ls'"],
  ['*', "'*'"],
  ['\u001b[31m', String.raw`$'\u001b[31m'`],
  ["a\n'b\\", String.raw`$'a\u000a\'b\\'`],
] as const)('%j is quoted (first hour 14)', ([text, quoted]) => {
  expect(shellWord(text)).toBe(quoted)
})

test('a shell reads every quoted word as what it was (s6)', () => {
  const words = ['My Run!', "it's", '$(touch x)', '', '~', '=ls', '*', 'a"b', 'back\\slash', 'grüße', '`id`', '#no', '!!']
  const printed = execFileSync('/bin/sh', ['-c', `for word in ${words.map(shellWord).join(' ')}; do printf '%s\\n' "$word"; done`])
  expect(printed.toString()).toBe(words.map((word) => `${word}\n`).join(''))
})

test('hints quote the ids of runs that an earlier version began (first hour 14)', () => {
  expect(new RunStoppedError('My Run!').hint).toBe("Go on with: troupe resume 'My Run!'")
  expect(new RunHeldError('a b', null).hint).toMatch(/^Follow it with: troupe status 'a b' --watch, /)
  expect(new PlanFunctionsError("it's", []).hint).toBe(
    String.raw`Give the plan again: troupe run FILE --id 'it'\''s', or in a program: resume("it's", { plan })`,
  )
})
