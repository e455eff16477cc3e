import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlace, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace()
})
afterAll(() => place.remove())

test('groups that end in random orders leave one claim each', async () => {
  const args = ['simulate', 'groups', '--groups', '30', '--workers', '4', '--fail', '0.2', '--seed', '3']
  const { code, stdout, stderr } = await place.troupe(args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.split('\n')
  expect(lines[0]!.trim().split(/ {2,}/)).toEqual(['ended as', 'group', 'worker', 'after', 'told', 'claim'])
  expect(lines.slice(1, 21).every((line) => / group-\d+ .* (result|diagnostic)$/.test(line))).toBe(true)
  expect(lines[21]).toBe('and 10 others')
  expect(lines.slice(23).join(' ')).toMatch(/^30 groups on 4 workers, 20 random schedules, .*: 30 claims, \d+ results and \d+ diagnostics;/)
  const json = JSON.parse((await place.troupe([...args, '--json'])).stdout) as { results: number; diagnostics: number }
  expect(Object.keys(json)).toEqual(['groups', 'workers', 'fail', 'seed', 'schedules', 'claims', 'results', 'diagnostics', 'same'])
  expect(json).toMatchObject({ groups: 30, workers: 4, fail: 0.2, seed: 3, schedules: 20, claims: 30, same: true })
  expect(json.results + json.diagnostics).toBe(30)
})

test.each([
  [['--groups', '0', '--workers', '1'], 'Expected a whole number from 1 to 1000'],
  [['--groups', '3', '--workers', '1', '--fail', '2'], 'Expected a number from 0 to 1'],
  [['--workers', '1'], "required option '--groups <n>' not specified"],
])('%j is refused', async (flags, message) => {
  const { code, stderr } = await place.troupe(['simulate', 'groups', ...flags])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})
