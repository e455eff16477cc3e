import { expect, test } from 'vitest'
import { CommandFailedError } from '../../src/errors.ts'
import { failureText, headlineOf } from '../../src/report/place.ts'

const ended = (code: number, output: string) =>
  new CommandFailedError({ code, signal: null, output }, 'while it ran this batch', 'critical')

test.each([
  [
    ended(127, 'sh: 1: nosuchprog: not found\n'),
    "The command's process ended with exit code 127 (no such program) while it ran this batch: sh: 1: nosuchprog: not found",
    /^Install the program/,
  ],
  [
    ended(126, 'sh: 1: ./x.sh: Permission denied\n'),
    "The command's process ended with exit code 126 (not executable) while it ran this batch: sh: 1: ./x.sh: Permission denied",
    /chmod \+x/,
  ],
  [ended(1, 'a\nb\nc\n\nd\n'), "The command's process ended with exit code 1 while it ran this batch: b | c | d", /by hand/],
  [ended(3, ''), "The command's process ended with exit code 3 while it ran this batch", /by hand/],
])('what a command wrote last is in the line that says how it ended (first hour 7): %#', (error, line, hint) => {
  expect(headlineOf(error)).toBe(line)
  expect(error.hint).toMatch(hint)
  const failed = { name: error.name, message: error.message, attempt: 1 }
  const event = { type: 'batch.failed', data: { batch: 2, items: 10, error: failed } }
  expect(failureText(event, { verbose: false })).toBe(`batch 2 failed: CommandFailedError: ${line}`)
})

test('of all other errors the first line is enough', () => {
  expect(headlineOf({ name: 'TypeError', message: 'one\ntwo' })).toBe('one')
})
