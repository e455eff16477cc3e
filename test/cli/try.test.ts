import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlace, planOf, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace({
    'skill.mjs': `export default (items, { log }) => {
  log('one item')
  if (items[0].index === 2) return [{ score: 1 / 0 }]
  if (items[0].index === 3) throw undefined
  return items.map(({ index }) => (index === 1 ? index.missing.field : { index, key: process.env.A_KEY }))
}
`,
    'plan.json': planOf({ secrets: ['A_KEY'] }),
  })
})
afterAll(() => place.remove())

test('try shows input and result of one item, and makes no database', async () => {
  const { code, stdout, stderr } = await place.troupe(['try', 'plan.json'], { env: { A_KEY: 'topsecretkey42' } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'one item\n' })
  expect(stdout).toMatch(
    /^item 0 of scenario simple\ninput: {3}\{"index":0,"value":0\.\d+\}\nresult: {2}\{"index":0,"key":"\*\*\*"\}\ntook: {4}\S+ \S+\n$/,
  )
  expect(await readdir(place.directory)).not.toContain('.troupe')
})

test('try shows the whole stack of an error, and exits with 1', async () => {
  const { code, stdout } = await place.troupe(['try', 'plan.json', '--item', '1'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^error: {3}TypeError: Cannot read properties of undefined \(reading 'field'\)\n {4}at .*skill\.mjs:5:\d+\)?$/m)
  const { error } = JSON.parse((await place.troupe(['try', 'plan.json', '--item', '1', '--json'])).stdout) as { error: { stack: string } }
  expect(error).toMatchObject({ name: 'TypeError', causes: [] })
  expect(error.stack).toContain('skill.mjs:5:')
})

test('try refuses what a run would refuse, and says what was thrown where it tells nothing', async () => {
  const infinite = await place.troupe(['try', 'plan.json', '--item', '2'])
  expect(infinite).toMatchObject({ code: 1, stdout: expect.stringContaining('Result 0.score is Infinity, which is no JSON') })
  const thrown = await place.troupe(['try', 'plan.json', '--item', '3'])
  expect(thrown.stdout).toContain('\nerror:   undefined, thrown without an Error: its place is not known\n')
})

test('a module that exports a skill is tried as it is; an item that is not there is a wrong command', async () => {
  expect(await place.troupe(['try', 'skill.mjs', '--quiet'])).toMatchObject({ code: 0, stderr: '' })
  expect(await place.troupe(['try', 'skill.mjs', '--item', '800'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: The plan has no item 800 (USAGE)\nhint: Give a whole number from 0 to 799\n',
  })
})

test('try of a program that stays says nothing of its end where it did well, and hints at what a shell means (first hour 7)', async () => {
  const program = "process.stdin.on('data', (line) => console.log(JSON.stringify(JSON.parse(line).items.map(() => 1))))"
  const command = (given: object) => planOf({ skill: { kind: 'command', ...given } })
  await place.write({
    'program.mjs': program,
    'lines.json': command({ command: [process.execPath, 'program.mjs'], mode: 'lines' }),
    'none.json': command({ command: 'nosuchprog' }),
  })
  expect(await place.troupe(['try', 'lines.json'])).toMatchObject({ code: 0, stderr: '' })
  const { code, stdout } = await place.troupe(['try', 'none.json'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^error: .*exit code 127 \(no such program\) while it ran this batch\n.*nosuchprog.*not found\n/m)
  expect(stdout).toMatch(/^hint: {4}Install the program/m)
  // Its frames are Troupe's own, or Node's: nobody is helped by them.
  expect(stdout).not.toMatch(/^ {4}at /m)
})
