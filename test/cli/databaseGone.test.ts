import { readFile, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePlace, planOf, type Place } from './commandLine.ts'

const SKILL = `
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
export default async (items) => {
  while (items[0].index >= 10 && !existsSync(new URL('open', import.meta.url))) await wait(5)
  return items
}
`

let place: Place
beforeEach(async () => {
  const plan = planOf({ scenarios: { only: { size: 40, batchSize: 10, batchTimeoutMs: 3_600_000 } }, milestones: [0, 25, 100] })
  place = await makePlace({ 'skill.mjs': SKILL, 'plan.json': plan })
})
afterEach(() => place.remove())

test.for(['.troupe', 'its data alone'])(
  '%s is deleted in mid-run: nothing is called safe, and no new one takes its place (first hour)',
  async (what) => {
    const run = place.start(['run', 'plan.json'], { env: { TROUPE_DATABASE_RETRY_MS: '300' } })
    await run.said(/only 25%/)
    const data = await realpath(join(place.directory, '.troupe/postgres'))
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0])
    await rm(data, { recursive: true, force: true, maxRetries: 5 })
    if (what === '.troupe') await rm(join(place.directory, '.troupe'), { recursive: true, force: true })
    // At once, and not when it looks after its files the next time.
    process.kill(pid, 'SIGKILL')
    await place.write({ open: '' })
    const { code, stderr } = await run.ended
    expect(code).toBe(1)
    expect(stderr).toContain(`error: The database has been away for more than 0.3 s: the directory ${data} is gone (DATABASE_LOST)\n`)
    expect(stderr).toContain('\nhint: What was stored there is lost, unless you have a copy: put that back before')
    expect(stderr).not.toContain('is safe')
    await expect(readFile(join(data, 'PG_VERSION'))).rejects.toThrow('ENOENT')
  },
)
