import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
/** Just more than a segment of the WAL, KiB: what fills up are the results. */
const LARGEST_FILE_KB = 17 * 1024
const BATCHES = 30

let directory: string
afterEach(async () => {
  await troupe(['db', 'stop'])
  await rm(directory, { recursive: true, force: true })
})

/** `largestFileKb`: no file of the command, or of the PostgreSQL that it starts, may be larger. */
async function troupe(args: string[], largestFileKb?: number) {
  const { TROUPE_DATABASE_URL: _ours, DATABASE_URL: _theirs, ...env } = process.env
  const limit = largestFileKb === undefined ? '' : `ulimit -f ${largestFileKb}; `
  const child = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', process.execPath, CLI, ...args], {
    cwd: directory,
    env: { ...env, TROUPE_DATABASE_RETRY_MS: '300' },
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number, stdout, stderr }
}

test('a disk that is full ends the command with a clear error; with room again the same command goes on, and nothing stored is run again', async () => {
  directory = await mkdtemp(join(tmpdir(), 'troupe-full-'))
  const skill = `import { appendFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
export default async (items, { batch }) => {
  appendFileSync('calls.txt', batch + '\\n')
  return [randomBytes(750_000).toString('base64')]
}`
  const plan = { name: 'full', skill: './skill.mjs', scenarios: { only: { size: BATCHES, batchSize: 1 } } }
  await writeFile(join(directory, 'skill.mjs'), skill)
  await writeFile(join(directory, 'plan.json'), JSON.stringify(plan))
  const calls = async () => (await readFile(join(directory, 'calls.txt'), 'utf8')).trimEnd().split('\n').map(Number)

  const full = await troupe(['run', 'plan.json', '--id', 'full', '--json'], LARGEST_FILE_KB)
  expect(full.code).toBe(1)
  const { error } = JSON.parse(full.stderr.trimEnd().split('\n').at(-1)!) as { error: { code: string; message: string; hint: string } }
  expect(error).toMatchObject({ code: 'DATABASE_LOST', message: expect.stringContaining('could not extend file') })
  expect(error.hint).toContain('run the same command again')
  const before = await calls()
  expect(before.length).toBeLessThan(BATCHES)

  const { code, stdout } = await troupe(['run', 'plan.json', '--id', 'full', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ status: 'complete', scenarios: [{ items: BATCHES }] })
  // The one whose result found no room is the only one that ran twice.
  const after = await calls()
  expect(after.toSorted((a, b) => a - b)).toEqual([...Array(BATCHES).keys(), before.at(-1)!].toSorted((a, b) => a - b))
})
