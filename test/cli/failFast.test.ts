import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../src/index.ts'
import { makePlace, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace({
    'typo.mjs': "// A skill with a bug.\nexport default async () => {\n  throw new Error('x')\n}\n",
    'shape.mjs': 'export default async (items) => items.length\n',
    'inner.mjs': 'const fields = (item) => item.row.field\nexport default (items) => items.map(fields)\n',
    'late.mjs':
      'export default (items, { batch }) => {\n  if (batch === 5) throw new RangeError(`key is ${process.env.THE_KEY}`)\n  return items\n}\n',
    'late.json': JSON.stringify({
      ...{ name: 'late', skill: './late.mjs', secrets: ['THE_KEY'] },
      scenarios: { small: { size: 100, errorTolerance: 0.2 } },
    }),
  })
})
afterAll(() => place.remove())

/** Of one run: how it ended, when, and whether it began again by itself. */
async function failing(...args: string[]) {
  const { code, stdout, stderr } = await place.troupe(['run', ...args, '--memory', '--json'])
  const report = JSON.parse(stdout) as Report
  return { code, stderr, report, breaker: report.scenarios.map(({ pausedMs }) => pausedMs.breaker) }
}

test.each([
  ['a typing error', 'typo.mjs', 'Error: x at typo.mjs:3:9'],
  ['an error in a function of the skill', 'inner.mjs', "TypeError: Cannot read properties of undefined (reading 'field') at inner.mjs:1:"],
  ['results of the wrong shape', 'shape.mjs', 'RESULT_SHAPE'],
])('all defaults, %s: said with its place at the first batch, and failed after one probe (first hour 1, 6)', async (_what, file, said) => {
  const { code, stderr, report } = await failing(file)
  expect(code).toBe(1)
  if (said === 'RESULT_SHAPE') expect(stderr).toMatch(/batch of items 0–9 failed: ResultShapeError: .+/)
  else expect(stderr).toContain(`batch of items 0–9 failed: ${said}`)
  expect(stderr).not.toContain('all scenarios failed')
  expect(report.diagnosis).toMatchObject({ cause: 'skill' })
  // One probe, a second after it opened: none of the cooldowns of 30 s and more.
  expect(report.breakers.map(({ recoveryAttempts }) => recoveryAttempts)).toEqual([1])
})

test('a wrong token: the answer is said at the first batch, and it fails after one probe (first hour 1)', async () => {
  const server = createServer((_request, response) => response.writeHead(401).end('{"error":"bad token"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  await place.write({ 'http.json': JSON.stringify({ name: 'http', skill: { kind: 'http', url: `http://127.0.0.1:${port}/` } }) })
  const { code, stderr, report } = await failing('http.json')
  expect(code).toBe(1)
  expect(stderr).toMatch(/batch of items 0–9 failed: HttpStatusError: .*401.*bad token.* \(HTTP_STATUS\)$/m)
  expect(report).toMatchObject({ status: 'failed', diagnosis: { cause: 'skill' }, breakers: [{ recoveryAttempts: 1 }] })
})

test('the report has the frames and the items of the batch; values of secrets are hidden (first hour 6)', async () => {
  const { stdout, stderr } = await place.troupe(['run', 'late.json', '--memory', '--json'], { env: { THE_KEY: 'abcdefgh' } })
  const [error] = (JSON.parse(stdout) as Report).scenarios[0]!.errors.last
  expect(error).toMatchObject({ name: 'RangeError', message: 'key is ***', range: [50, 60], batch: 5 })
  expect(error!.frames![0]).toMatch(/^(.* \()?late\.mjs:2:26\)?$/)
  expect(stderr).toContain('small batch of items 50–59 failed: RangeError: key is *** at late.mjs:2:26')
})

test('--verbose shows the stack of each failed attempt (first hour 6)', async () => {
  const { stderr } = await place.troupe(['run', 'inner.mjs', '--memory', '--verbose', '--limit', '1'])
  expect(stderr).toMatch(/failed: TypeError.*\n {4}at (fields \()?inner\.mjs:1:\d+\)?\n {4}at .*inner\.mjs:2:\d+/)
})
