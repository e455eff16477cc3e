import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlace, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace(
    {
      'skill.mjs': `import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
export default async (items, { signal }) => {
  while (!existsSync('gate')) await wait(5, undefined, { signal })
  return items
}`,
      'plan.json': JSON.stringify({
        name: 'demo',
        skill: { kind: 'function', module: './skill.mjs', isolation: 'inline' },
        scenarios: { only: { size: 40 } },
      }),
    },
    { shared: true },
  )
})
afterAll(() => place.remove())

test('simulate prints every step and the final state, as text and as JSON', async () => {
  const text = await place.troupe(['breaker', 'simulate', '--events', 'critical,critical,critical'])
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(text.stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim())).toEqual([
    'event at state sum call failed probes half-open at',
    'critical 0 ms closed 1 counted 0',
    'critical 0 ms closed 2 counted 0',
    'critical 0 ms open 3 counted 0 1000 ms',
    '',
    'in the end: open',
    '',
  ])
  const proven = await place.troupe(['breaker', 'simulate', '--events', 'critical,critical,critical', '--proven'])
  expect(proven.stdout).toContain('30000 ms')
  const json = await place.troupe([
    'breaker',
    'simulate',
    '--events',
    'transient, wait:10',
    '--threshold',
    '0.5',
    '--cooldown-ms',
    '10',
    '--json',
  ])
  expect(JSON.parse(json.stdout)).toMatchObject({
    steps: [
      { event: 'transient', state: 'open' },
      { event: 'wait:10', state: 'halfOpen' },
    ],
    state: 'halfOpen',
  })
})

test('simulate names all its events', async () => {
  const { stdout } = await place.troupe(['breaker', 'simulate', '--help'])
  const events = 'success, success:MS, critical, critical=TEXT, recoverable, transient, ignored, wait:MS, open, disable, reset'
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(events)
})

test('simulate takes the options of a plan, and those of the command line before them', async () => {
  await place.write({
    'own.json': JSON.stringify({ name: 'own', skill: './skill.mjs', breaker: { threshold: 2, weights: { transient: 2 } } }),
  })
  const simulate = async (...more: string[]) =>
    (
      JSON.parse(
        (await place.troupe(['breaker', 'simulate', '--events', 'transient', '--plan', 'own.json', '--json', ...more])).stdout,
      ) as { state: string }
    ).state
  expect(await simulate()).toBe('open')
  expect(await simulate('--threshold', '3')).toBe('closed')
  expect(await simulate('--weight', 'transient=1.9')).toBe('closed')
})

test.each([
  [['--events', 'bogus'], '"bogus" is no event of a breaker'],
  [['--events', 'critical', '--threshold', 'x'], "option '--threshold <sum>' argument 'x' is invalid"],
  [['--events', 'critical', '--threshold', '0'], 'A breaker cannot have threshold as given'],
  [['--events', 'critical', '--weight', 'criticl=1'], 'A breaker cannot have weights.criticl as given'],
  [[], "required option '--events <list>' not specified"],
])('simulate %j is refused', async (args, message) => {
  const { code, stdout, stderr } = await place.troupe(['breaker', 'simulate', ...args])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(`error: ${message}`)
  expect(stderr).toContain('\nhint: ')
})

test('a breaker of a run in another process is opened, reset and disabled; its scenarios wait meanwhile', async () => {
  const there = place.start(['run', 'plan.json', '--id', 'live'])
  await there.said(/only running/)
  const opened = await place.troupe(['breaker', 'open', 'live'])
  expect(opened).toMatchObject({ code: 0, stdout: 'breaker held open by command, until it is reset\n' })
  await there.said(/breaker: held open by command/)
  await there.said(/only paused \(breaker\)/)
  const shown = await place.troupe(['show', 'live', '--json'])
  expect(JSON.parse(shown.stdout)).toMatchObject({
    breakers: [{ variant: 'default', state: 'forcedOpen' }],
    scenarios: [{ status: 'paused', pausedBy: ['breaker'] }],
  })
  expect((await place.troupe(['status', 'live'])).stdout).toContain('breaker held open by command')

  const disabled = await place.troupe(['breaker', 'disable', 'live', 'default', '--json'])
  expect(JSON.parse(disabled.stdout)).toMatchObject({ run: 'live', breakers: [{ state: 'disabled' }] })
  await there.said(/breaker: disabled by command/)
  const reset = await place.troupe(['breaker', 'reset', 'live'])
  expect(reset.stdout).toBe('breaker closed, sum 0 of 3\n')

  const unknown = await place.troupe(['breaker', 'open', 'live', 'other'])
  expect([unknown.code, unknown.stderr]).toEqual([2, 'error: Run "live" has no variant "other" (COMMAND_REFUSED)\nhint: It has: default\n'])
  await place.write({ gate: '' })
  expect((await there.ended).code).toBe(0)
  const over = await place.troupe(['breaker', 'open', 'live'])
  expect([over.code, over.stderr.split('\n')[0]]).toEqual([
    2,
    'error: Cannot open a breaker of run "live": it is complete (COMMAND_REFUSED)',
  ])
})
