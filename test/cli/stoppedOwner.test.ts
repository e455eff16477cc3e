import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect } from '../../src/persistence/connection.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { makePlace, planOf, type Place } from './commandLine.ts'

let place: Place
beforeEach(async () => {
  const skill = `
    import { existsSync } from 'node:fs'
    import { setTimeout as wait } from 'node:timers/promises'
    export default async (items, { signal }) => {
      while (!existsSync(new URL('open', import.meta.url))) await wait(10, undefined, { signal })
      return items
    }`
  place = await makePlace({ 'skill.mjs': skill, 'plan.json': planOf({ scenarios: { only: { size: 40 } } }) }, { shared: true })
})
afterEach(() => place.remove())

test('an owner that was stopped: commands end and say so, and it obeys when it goes on (newcomer 2: 1)', async () => {
  const there = place.start(['run', 'plan.json', '--id', 'st'])
  await there.said(/only running/)
  const { pid } = there.process
  there.process.kill('SIGSTOP')
  // As if it had been stopped for an hour.
  const sql = connect(addressOfUrl(place.url!))
  await sql`update troupe.runs set owner = owner || jsonb_build_object('seenAt', (owner->>'seenAt')::float8 - 3600000)`
  await sql.end()

  const silent = `no sign of life from process ${pid} on \\S+ since \\d\\d:\\d\\d:\\d\\d`
  expect((await place.troupe(['status', 'st'])).stdout).toMatch(new RegExp(`^run st is running; ${silent}\n`))
  expect((await place.troupe(['list'])).stdout).toMatch(/^st +demo +running \(no sign of life since \d\d:\d\d:\d\d\) /m)

  const asked = await Promise.all([place.troupe(['pause', 'st']), place.troupe(['breaker', 'open', 'st'])])
  for (const { code, stdout, stderr } of asked) {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(
        `^${silent}\nerror: Run "st" has not obeyed: ${silent} \\(OWNER_SILENT\\)\nhint: What was asked is stored, .* kill -CONT ${pid}, .*\n$`,
      ),
    )
  }
  there.process.kill('SIGCONT')
  await there.said(/only paused \(user/)
  const status = JSON.parse((await place.troupe(['status', 'st', '--json'])).stdout) as { status: string; silentSince: number | null }
  expect(status).toMatchObject({ status: 'paused', held: true })

  // One that is killed while it is asked answers nothing: who asks goes on by itself.
  there.process.kill('SIGSTOP')
  const cancelled = place.start(['cancel', 'st'])
  there.process.kill('SIGKILL')
  expect(await cancelled.ended).toMatchObject({ code: 0, stdout: 'run st is failed (cancelled)\n' })
})
