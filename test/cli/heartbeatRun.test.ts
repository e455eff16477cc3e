import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePlace, planOf, type Place } from './commandLine.ts'

/** Waits of nearly 10 s are over at once, and so much time has passed then. */
const HASTE = `data:text/javascript,${encodeURIComponent(`
  const [inTime, now] = [globalThis.setTimeout, performance.now.bind(performance)]
  let skipped = 0
  performance.now = () => now() + skipped
  globalThis.setTimeout = (fn, ms, ...more) =>
    ms > 9_000 && ms <= 10_000 ? inTime(() => { skipped += ms; fn(...more) }, 100) : inTime(fn, ms, ...more)
`)}`

const SKILL = `
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
export default async (items) => {
  while (!existsSync(new URL('open', import.meta.url))) await wait(20)
  return items
}
`

let place: Place
beforeEach(async () => {
  const plan = planOf({ scenarios: { only: { size: 20, batchTimeoutMs: 3_600_000 } } })
  place = await makePlace({ 'skill.mjs': SKILL, 'plan.json': plan }, { shared: true })
})
afterEach(() => place.remove())

test('a run that hangs says where, in its own terminal and to who watches it; not with --quiet (first hour)', async () => {
  const run = place.start(['run', 'plan.json', '--id', 'slow', '--json'], { node: ['--import', HASTE] })
  await run.said(/^\d\d:\d\d:\d\d only 0\/20 items \d+\.\ds, batch 0 for \d+ s$/m)
  const watch = place.start(['status', 'slow', '--watch', '--json'], { node: ['--import', HASTE] })
  await watch.said(/^\d\d:\d\d:\d\d only 0\/20 items, nothing new for \d+ s$/m)
  const quiet = place.start(['status', 'slow', '--watch', '--quiet'], { node: ['--import', HASTE] })
  await watch.said(/(.*nothing new for \d+ s\n){2}/)
  await place.write({ open: '' })
  const [ran, watched, silent] = await Promise.all([run.ended, watch.ended, quiet.ended])
  expect([ran.code, watched.code, silent.code]).toEqual([0, 0, 0])
  expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'complete' })
  for (const line of watched.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sequence')
  expect(silent.stderr).toBe('')
})
