import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { NamedFile } from './importsIn.ts'

/** A file of a skill, relative to where the skill is, and what is in it: the first 16 hex digits of its sha256. */
export type ProgramFile = readonly [path: string, hash: string]

/** So many are told apart. What is beyond them is one entry. */
const MAX_NAMED = 200
const MAX_FOLLOWED = 2_000
/** What is larger is data: of it the size and both ends are looked at. */
const LARGE_BYTES = 64 * 1024 * 1024
const END_BYTES = 1024 * 1024

const SCRIPT = /\.[cm]?[jt]sx?$/
const ENDINGS = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '/index.ts', '/index.js']

/**
 * The files that a skill is made of: the given ones, and what those of JavaScript and TypeScript name, directly or not. Not what is in `node_modules`.
 * The given ones come first, the first of them is hashed whole. What cannot be read is left out: whoever loads it says so.
 */
export async function programFiles(entries: readonly string[], directory: string): Promise<ProgramFile[]> {
  const known = new Set(entries)
  const files: ProgramFile[] = []
  for (let level = [...known]; level.length > 0; ) {
    // Each level is read at once, and what it names is the next.
    // oxlint-disable-next-line no-await-in-loop
    const read = await Promise.all(level.map((path, i) => readProgramFile(path, files.length === 0 && i === 0)))
    for (const [i, file] of read.entries()) if (file) files.push([shown(level[i]!, directory), file.hash])
    const next = read.flatMap((file) => file?.names ?? []).filter((path) => !known.has(path))
    level = [...new Set(next)].slice(0, MAX_FOLLOWED - known.size)
    for (const path of level) known.add(path)
  }
  return bounded(files)
}

function bounded(files: ProgramFile[]): ProgramFile[] {
  if (files.length <= MAX_NAMED) return files
  const others = files.slice(MAX_NAMED)
  return [...files.slice(0, MAX_NAMED), [`${others.length} further files`, short(createHash('sha256').update(JSON.stringify(others)))]]
}

async function readProgramFile(path: string, whole: boolean): Promise<{ hash: string; names: string[] } | null> {
  try {
    const { size } = await stat(path)
    if (size > LARGE_BYTES) return { hash: whole ? await hashStream(path) : await hashEnds(path, size), names: [] }
    const bytes = await readFile(path)
    const hash = short(createHash('sha256').update(bytes))
    const isScript = SCRIPT.test(path) || /^#!.*\b(node|deno|bun)\b/.test(bytes.toString('latin1', 0, 200))
    return { hash, names: isScript ? await named(path, bytes.toString()) : [] }
  } catch {
    return null
  }
}

async function named(path: string, source: string): Promise<string[]> {
  const { importsIn } = await import('./importsIn.ts')
  const [real, names] = await Promise.all([realpath(path), importsIn(source)])
  const found = await Promise.all(names.map((name) => fileOf(name, real)))
  return found.filter((file) => file !== null && packagesIn(file) <= packagesIn(real)) as string[]
}

async function fileOf({ specifier, by }: NamedFile, from: string): Promise<string | null> {
  const path = pathOf(specifier, by, from)
  if (path === null) return null
  // As loaders of TypeScript and CommonJS find it, too.
  const places = [path, path.replace(/\.([cm]?)js$/, '.$1ts'), ...ENDINGS.map((ending) => path + ending)]
  const are = await Promise.all([...new Set(places)].map(async (place) => ((await isFile(place)) ? place : null)))
  return are.find((place) => place !== null) ?? null
}

function pathOf(specifier: string, by: NamedFile['by'], from: string): string | null {
  try {
    if (specifier.startsWith('#')) return createRequire(from).resolve(specifier)
    return by === 'require' ? resolve(dirname(from), specifier) : fileURLToPath(new URL(specifier, pathToFileURL(from)))
  } catch {
    return null
  }
}

const packagesIn = (path: string) => path.split(sep).filter((name) => name === 'node_modules').length

export const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )

const shown = (path: string, directory: string) => relative(directory, path).split(sep).join('/')

async function hashStream(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return short(hash)
}

async function hashEnds(path: string, size: number): Promise<string> {
  await using file = await open(path)
  const hash = createHash('sha256').update(String(size))
  for (const position of [0, size - END_BYTES]) {
    // oxlint-disable-next-line no-await-in-loop
    const { buffer, bytesRead } = await file.read(Buffer.alloc(END_BYTES), 0, END_BYTES, position)
    hash.update(buffer.subarray(0, bytesRead))
  }
  return short(hash)
}

const short = (hash: ReturnType<typeof createHash>) => hash.digest('hex').slice(0, 16)
