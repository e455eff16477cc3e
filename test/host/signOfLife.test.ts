import { afterEach, expect, test } from 'vitest'
import { clockTime } from '../../src/printable.ts'
import { OwnerSilentError } from '../../src/errors.ts'
import { Patience } from '../../src/host/patience.ts'
import { isSilent, silentSince } from '../../src/host/signOfLife.ts'

/** Some instant of the database's clock. */
const SEEN = 1_800_000_000_000
const owner = { host: 'vm', pid: 7527, since: SEEN - 60_000, seenAt: SEEN }

test.for([
  [0, null],
  [4_999, null],
  [5_000, SEEN],
  [3_600_000, SEEN],
  // Its clock was set back.
  [-3_600_000, null],
] as const)('an owner seen %i ms ago is silent since %s (newcomer 2: 1)', ([ago, since]) => {
  expect(silentSince({ owner, now: SEEN + ago })).toBe(since)
})

test('who has only just taken a run is not silent', () => {
  expect(silentSince({ owner: null, now: SEEN })).toBeNull()
  expect(isSilent({ owner: null, now: SEEN + 3_600_000 }, SEEN)).toBe(false)
})

test.for([
  // Asked while it lived: ten seconds of silence.
  [0, 9_999, false],
  [0, 10_000, true],
  // Silent for an hour already: it has three seconds to wake up.
  [3_600_000, 3_600_000, false],
  [3_600_000, 3_602_999, false],
  [3_600_000, 3_603_000, true],
] as const)('asked after %i ms of silence, of now %i ms, nobody waits any more: %s (newcomer 2: 1)', ([askedAt, now, over]) => {
  expect(isSilent({ owner, now: SEEN + now }, SEEN + askedAt)).toBe(over)
})

const said: string[] = []
afterEach(() => void said.splice(0))

test('who waits for a silent owner says so once, and gives up in the end (newcomer 2: 1)', async () => {
  const patience = new Patience('st', (line) => said.push(line))
  const news = Promise.resolve()
  await patience.wait(news, { owner, now: SEEN })
  expect(said).toEqual([])
  for (const ago of [5_000, 6_000, 9_999]) await patience.wait(news, { owner, now: SEEN + ago })
  const since = clockTime(SEEN)
  expect(said).toEqual([`no sign of life from process 7527 on vm since ${since}`])
  const over = patience.wait(news, { owner, now: SEEN + 10_000 })
  await expect(over).rejects.toThrow(OwnerSilentError)
  await expect(over).rejects.toMatchObject({
    code: 'OWNER_SILENT',
    message: `Run "st" has not obeyed: no sign of life from process 7527 on vm since ${since}`,
    hint: 'What was asked is stored, and obeyed by whoever works on the run next. If that process is stopped, on vm: let it go on with kill -CONT 7527, or end it with kill -9 7527, and then troupe resume st',
  })
})

test('an owner that goes on is waited for as long as it takes', async () => {
  const patience = new Patience('st', (line) => said.push(line))
  await patience.wait(Promise.resolve(), { owner, now: SEEN + 8_000 })
  await patience.wait(Promise.resolve(), { owner: { ...owner, seenAt: SEEN + 11_000 }, now: SEEN + 12_000 })
  expect(said).toHaveLength(1)
})

test('without any news the owner is looked at again', async () => {
  await new Patience('st', undefined).wait(new Promise(() => {}), { owner, now: SEEN })
})
