import { existsSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync, type BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeptHashes } from '../../src/host/keptHashes.ts'
import { inputFiles } from '../input/inputFiles.ts'

/** What the file system says otherwise than it would: no test can change one of these alone. */
let said: Partial<BigIntStats> = {}
const look = async (path: string, options: { bigint: true }) => Object.assign(await stat(path, options), said)

const MIB = 2 ** 20
const files = inputFiles()
let number = 0
let directory: string
let kept: string
beforeEach(() => {
  directory = join(files.directory, `project-${++number}`, '.troupe')
  kept = join(directory, 'inputs.json')
})
afterEach(() => {
  said = {}
  vi.restoreAllMocks()
})

/** Written now, with the time of long ago: in whole seconds, so that a test can give it back exactly. */
function large(size = MIB): string {
  const file = files.write(`items-${number}.csv`, 'a'.repeat(size))
  utimesSync(file, 1_700_000_000, 1_700_000_000)
  return file
}
const at = (ms: number) => void vi.spyOn(Date, 'now').mockReturnValue(ms)
/** As if the file had been as it is for an hour. */
const later = () => at(Date.now() + 3_600_000)

/** Each time as a process that starts. @returns the hash, and whether the file was read for it. */
async function start(file: string, { items = 9, program = '1.0.0', hash = 'as it was read', during = () => {}, ...input } = {}) {
  let isRead = false
  const read = async () => {
    isRead = true
    during()
    return hash
  }
  return { hash: await new KeptHashes(directory, program, look).hashOf({ kind: 'file', file, ...input }, items, read), isRead }
}

const READ = { hash: 'as it was read', isRead: true }
const KEPT = { hash: 'as it was read', isRead: false }

test('(case 6) a large file that is as it was is not read again', async () => {
  const file = large()
  later()
  expect(await start(file)).toEqual(READ)
  expect(await start(file, { hash: 'never' })).toEqual(KEPT)
  expect(await start(file, { hash: 'never' })).toEqual(KEPT)
  expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toBe('*\n')
  if (process.platform !== 'win32') expect(statSync(kept).mode & 0o777).toBe(0o600)
})

test('(case 6) a file of less than 1 MiB is always read, and nothing is made for it', async () => {
  const file = large(MIB - 1)
  later()
  expect(await start(file)).toEqual(READ)
  expect(await start(file)).toEqual(READ)
  expect(existsSync(directory)).toBe(false)
})

/** Each leaves all the rest as it was. */
test.for<[string, (file: string) => void]>([
  [
    'other bytes of the same length at the old time',
    (file) => {
      const { atime, mtime } = statSync(file)
      writeFileSync(file, 'b'.repeat(MIB))
      utimesSync(file, atime, mtime)
    },
  ],
  ['more bytes', (file) => writeFileSync(file, 'a', { flag: 'a' })],
  ['another time', (file) => utimesSync(file, 1, 1)],
  [
    'another file in its place, of the same length and time',
    (file) => {
      const { atime, mtime } = statSync(file)
      const other = `${file}.other`
      writeFileSync(other, 'b'.repeat(MIB))
      utimesSync(other, atime, mtime)
      renameSync(other, file)
    },
  ],
])('(case 6) %s: it is read again', async ([, change]) => {
  const file = large()
  later()
  await start(file)
  change(file)
  expect(await start(file, { hash: 'of the new one' })).toEqual({ hash: 'of the new one', isRead: true })
  expect(await start(file, { hash: 'never' })).toEqual({ hash: 'of the new one', isRead: false })
})

test.for<Partial<BigIntStats>>([{ dev: 1n }, { ino: 1n }, { size: 2n ** 21n }, { mtimeNs: 1n }, { ctimeNs: 1n }])(
  '(case 6) it is read again if nothing but this is another: %o',
  async (one) => {
    const file = large()
    later()
    await start(file)
    said = one
    expect(await start(file)).toEqual(READ)
    expect(await start(file, { hash: 'never' })).toEqual(KEPT)
  },
)

test('(case 6) a file that changed less than 3 s before it was read is read again: the next change may leave the same time', async () => {
  const file = large()
  const { ctimeMs } = statSync(file)
  at(Math.floor(ctimeMs) + 2_999)
  expect(await start(file)).toEqual(READ)
  expect(existsSync(directory)).toBe(false)
  at(Math.ceil(ctimeMs) + 3_000)
  expect(await start(file)).toEqual(READ)
  // From now on its hash is good at any time.
  at(0)
  expect(await start(file, { hash: 'never' })).toEqual(KEPT)
})

test('(case 6) neither an old time given to a new file nor a time to come counts as rest', async () => {
  const file = large()
  at(Math.floor(statSync(file).ctimeMs) + 1_000)
  utimesSync(file, 1, 1)
  await start(file)
  expect(await start(file)).toEqual(READ)
  later()
  const tomorrow = Date.now() / 1_000 + 86_400
  utimesSync(file, tomorrow, tomorrow)
  await start(file)
  expect(await start(file)).toEqual(READ)
})

test('(case 6) the hash of a file that changes while it is read is not kept, nor is that of a pass that fails', async () => {
  const file = large()
  later()
  const during = () => writeFileSync(file, 'b'.repeat(MIB))
  expect(await start(file, { during })).toEqual(READ)
  expect(existsSync(directory)).toBe(false)
  const fails = () => {
    throw new Error('line 7 is broken')
  }
  await expect(start(file, { during: fails })).rejects.toThrow('line 7 is broken')
  expect(await start(file)).toEqual(READ)
})

test('(case 6) each number of items, columns and delimiter has a hash of its own, and so has each file', async () => {
  const file = large()
  const other = files.write('other.csv', 'a'.repeat(MIB))
  later()
  const all = [
    { hash: '1' },
    { hash: '2', items: 8 },
    { hash: '3', columns: ['a'] },
    { hash: '4', columns: ['b'] },
    { hash: '5', delimiter: ';' },
  ]
  for (const each of all) expect(await start(file, each)).toEqual({ hash: each.hash, isRead: true })
  expect(await start(other, { hash: '6' })).toEqual({ hash: '6', isRead: true })
  for (const each of all) expect(await start(file, { ...each, hash: 'never' })).toEqual({ hash: each.hash, isRead: false })
  expect(await start(other, { hash: 'never' })).toEqual({ hash: '6', isRead: false })
})

test('(case 6) inputs that are read at the same time are all kept', async () => {
  const file = large()
  later()
  const all = Array.from({ length: 20 }, (_, items) => ({ items, hash: `of ${items}` }))
  await Promise.all(all.map((each) => start(file, each)))
  for (const each of all) expect(await start(file, { ...each, hash: 'never' })).toEqual({ hash: each.hash, isRead: false })
})

test('(case 6) another version of the program reads for itself', async () => {
  const file = large()
  later()
  await start(file)
  expect(await start(file, { program: '1.0.1', hash: 'newer' })).toEqual({ hash: 'newer', isRead: true })
  expect(await start(file, { program: '1.0.1', hash: 'never' })).toEqual({ hash: 'newer', isRead: false })
})

test('(case 6) of more than a hundred hashes the oldest is forgotten', async () => {
  const file = large()
  later()
  for (let items = 1; items <= 101; items++) await start(file, { items })
  expect(await start(file, { items: 101 })).toEqual(KEPT)
  expect(await start(file, { items: 2 })).toEqual(KEPT)
  expect(await start(file, { items: 1 })).toEqual(READ)
})

test('(case 6) a hash that is kept anew takes the place of the old one, and of no other', async () => {
  const file = large()
  const other = files.write('replaced.csv', 'a'.repeat(MIB))
  later()
  await start(file, { items: 1 })
  await start(other)
  for (let items = 2; items <= 99; items++) await start(file, { items })
  writeFileSync(other, 'b'.repeat(MIB))
  expect(await start(other)).toEqual(READ)
  expect(await start(file, { items: 1 })).toEqual(KEPT)
})

test.for<[string, (text: string) => string]>([
  ['empty', () => ''],
  ['cut off', (text) => text.slice(0, -20)],
  ['wrong in one letter of the hash', (text) => text.replace('as it was read', 'as it was reed')],
  ['wrong in its sum', (text) => (text.startsWith('0') ? '1' : '0') + text.slice(1)],
  ['JSON of something else', () => '[]\n'],
  ['without a sum', (text) => text.slice(text.indexOf('\n') + 1)],
  ['no text', () => '\0'.repeat(500)],
])('(case 6) what is kept is %s: the file is read, and kept anew', async ([, damage]) => {
  const file = large()
  later()
  await start(file)
  writeFileSync(kept, damage(readFileSync(kept, 'utf8')))
  expect(await start(file)).toEqual(READ)
  expect(await start(file, { hash: 'never' })).toEqual(KEPT)
})

test('(case 6) what a process killed while it was writing leaves behind is in nobody’s way', async () => {
  const file = large()
  mkdirSync(directory, { recursive: true })
  writeFileSync(`${kept}.new`, 'half of')
  later()
  expect(await start(file)).toEqual(READ)
  expect(await start(file, { hash: 'never' })).toEqual(KEPT)
})

test('(case 6) where nothing can be kept, and where there is no input file, it goes on as if nothing was', async () => {
  const file = large()
  later()
  directory = join(file, 'below a file')
  expect(await start(file)).toEqual(READ)
  expect(await start(file)).toEqual(READ)
  expect(await start(join(files.directory, 'nowhere.csv'))).toEqual(READ)
})
