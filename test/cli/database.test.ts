import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase } from '../support/database.ts'
import { makePlace, planOf, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace({ 'skill.mjs': 'export default (items) => items', 'plan.json': planOf({ scenarios: { only: { size: 10 } } }) })
})
afterAll(() => place.remove())

const say = async (...args: string[]) => (await place.troupe(args)).stdout

test('the embedded database: absent, stopped, running, stopped (first hour 10)', async () => {
  expect(await say('list')).toBe(
    `no runs yet (no database in ${await realpath(place.directory)} yet): begin with troupe run FILE; runs of another directory or database: run this there, or with --database URL\n`,
  )
  expect(await say('list', '--json')).toBe('[]\n')
  expect(await say('db', 'status')).toMatch(
    /^database: embedded, in \S+\/\.troupe\/postgres\nstate: {4}absent\n {10}the first run makes it\n$/,
  )
  expect(await readdir(place.directory)).not.toContain('.troupe')

  await place.troupe(['run', 'plan.json', '--id', 'one'])
  // Nothing of it has a place in a repository.
  expect(await readFile(join(place.directory, '.troupe/.gitignore'), 'utf8')).toBe('*\n')
  expect(await say('db', 'status')).toMatch(/\nstate: {4}stopped\n$/)

  expect(await say('db', 'start')).toMatch(/^it runs in \S+\nconnect with: psql "host=\S+ port=\d+ user=troupe dbname=postgres"\n$/)
  // Whoever comes and goes in between leaves it running.
  expect(await say('list')).toMatch(/^one /m)
  expect((await place.troupe(['list'])).stderr).toBe(`runs in the embedded database in ${await realpath(place.directory)}/.troupe\n`)
  const lines = (await say('db', 'status')).trimEnd().split('\n')
  expect(lines.slice(1)).toEqual([
    'state:    running',
    expect.stringMatching(/^server: {3}PostgreSQL 18\./),
    expect.stringMatching(/^schema: {3}version \d+$/),
    expect.stringMatching(/^size: {5}\d+\.\d MB$/),
    'runs:     1 complete',
  ])
  expect(await say('db', 'stop')).toBe('it is stopped\n')
  expect(await say('db', 'stop')).toBe('it was not running\n')
  // And from now on the last one out stops it again.
  await say('list')
  expect(await say('db', 'status')).toMatch(/\nstate: {4}stopped\n$/)
})

test('a database by its URL: its status before and after its schema is made; what runs there is listed there', async () => {
  const { url, query, drop } = await createDatabase({ empty: true })
  try {
    const there = ['--database', url]
    const known = (await readdir(join(import.meta.dirname, '../../src/persistence/migrations'))).filter((file) =>
      file.endsWith('.sql'),
    ).length
    const before = JSON.parse(await say('db', 'status', '--json', ...there)) as object
    expect(before).toMatchObject({ state: 'running', dataDirectory: null, survey: { schema: { version: 0, known }, runs: {} } })
    expect(await query`select 1 from pg_namespace where nspname = 'troupe'`).toHaveLength(0)

    expect(await say('db', 'migrate', ...there)).toBe(`the schema was brought from version 0 to ${known}\n`)
    expect(await say('db', 'migrate', ...there)).toBe(`the schema is up to date, at version ${known}\n`)
    const { code } = await place.troupe(['run', 'plan.json', '--id', 'elsewhere'], { env: { TROUPE_DATABASE_URL: url } })
    expect(code).toBe(0)
    expect(JSON.parse(await say('list', '--json', ...there))).toMatchObject([{ run: 'elsewhere', status: 'complete' }])
    expect(JSON.parse(await say('db', 'status', '--json', ...there))).toMatchObject({ survey: { runs: { complete: 1 } } })
  } finally {
    await drop()
  }
})
