import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface LoadPlace {
  /** Absolute. */
  file: string
  line: number
}

/** Of what is read or asked for: enough for what a person writes. */
const MOST_FILES = 30
const IMPORTS = /\b(?:from|import|require)\s*\(?\s*(['"])([^'"\n]+)\1/g
const HEAD = /^((?:file:\/\/|\/|[A-Za-z]:\\).+?)(?:\?.*)?:(\d+)$/
const FRAME = /^\s*at (?:.* \()?(?:async )?((?:file:\/\/|\/|[A-Za-z]:\\).+?)(?:\?[^:]*)?:(\d+):\d+\)?$/
/** Where our own files are: `src` or `dist`. */
const OURS = fileURLToPath(new URL('.', import.meta.url))

/** Where that is what keeps a module from being loaded: in it, or in what it imports. `null` where nothing tells. */
export async function loadPlace(error: unknown, module: string): Promise<LoadPlace | null> {
  if (!(error instanceof Error)) return null
  const [first = '', ...rest] = (error.stack ?? '').split('\n')
  return (
    placeIn(HEAD.exec(first)) ??
    (await importPlace(error, module)) ??
    framePlace(rest) ??
    // Node keeps the line of a mistake in a module to itself, until it prints it.
    (error instanceof SyntaxError ? await mistakeIn([module]) : null)
  )
}

/** A message with the place behind it, as it is shown. Of several lines the first one counts. */
export function messageWithPlace(message: string, place: LoadPlace | null, show: (file: string) => string = (file) => file): string {
  const [first = ''] = message.split('\n')
  // Which file imports it is said by the place.
  return place === null ? message : `${first.replace(/ imported from .*$/, '')}, at ${show(place.file)}:${place.line}`
}

/** What to do about a module that cannot be loaded. @param otherwise Where nothing better is known. */
export function loadHint(error: unknown, otherwise: string): string {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', message: '' }
  if (/outside a module$|^Unexpected token 'export'/.test(message)) {
    return 'Set "type": "module" in the package.json nearest to it, or name it .mts or .mjs'
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return 'Node leaves types out, and compiles nothing: write it in JavaScript (an object in place of an enum), or compile it first'
  }
  if (code?.endsWith('MODULE_NOT_FOUND'))
    return 'Correct the path that it imports, with the ending of the file, or install the package beside it'
  return otherwise
}

function placeIn(found: RegExpExecArray | null): LoadPlace | null {
  const [, file, line] = found ?? []
  return file === undefined ? null : { file: file.startsWith('file:') ? fileURLToPath(file) : file, line: Number(line) }
}

function framePlace(stack: readonly string[]): LoadPlace | null {
  const places = stack.flatMap((line) => placeIn(FRAME.exec(line)) ?? [])
  return places.find(({ file }) => !file.startsWith(OURS) && !file.includes('node_modules')) ?? null
}

/** The line that imports what is not there: Node names both files, and no line. */
async function importPlace({ message, ...error }: Error, module: string): Promise<LoadPlace | null> {
  const code = 'code' in error ? String(error.code) : ''
  if (!/^(ERR_|MODULE_NOT_FOUND)/.test(code)) return null
  const importer = /imported from (.+)$/m.exec(message)?.[1] ?? /Require stack:\n- (.+)/.exec(message)?.[1] ?? module
  const file = importer.startsWith('file:') ? fileURLToPath(importer) : importer
  const text = await readFile(file, 'utf8').catch(() => '')
  const names = [...message.matchAll(/'([^'\n]+)'|"([^"\n]+)"|: (\S+)$|for (\S+)$/gm)].flatMap(([, ...found]) => found.filter(Boolean))
  const found = [...text.matchAll(IMPORTS)].find(([, , named = '']) => names.some((name) => isNamed(name, named, file)))
  return found ? { file, line: text.slice(0, found.index + found[0].length).split('\n').length } : null
}

function isNamed(name: string, written: string, importer: string): boolean {
  if (!/^(\.|\/|file:)/.test(written)) return written === name || written.startsWith(`${name}/`)
  const { href } = new URL(written, pathToFileURL(importer))
  return [written, href, fileURLToPath(href)].includes(name)
}

/** The first of some files, and of what they import, in which Node finds a mistake. */
async function mistakeIn(files: string[]): Promise<LoadPlace | null> {
  const seen = new Set(files)
  for (const file of seen) {
    if (!/\.[cm]?js$/.test(file)) continue
    // One after another: nearly always it is the first.
    // oxlint-disable-next-line no-await-in-loop
    const text = await readFile(file, 'utf8').catch(() => '')
    // oxlint-disable-next-line no-await-in-loop
    const line = await lineOfMistake(text)
    if (line !== null) return { file, line }
    for (const [, , named = ''] of text.matchAll(IMPORTS)) {
      if (/^\.{0,2}\//.test(named) && seen.size < MOST_FILES) seen.add(fileURLToPath(new URL(named, pathToFileURL(file))))
    }
  }
  return null
}

function lineOfMistake(text: string): Promise<number | null> {
  const child = spawn(process.execPath, ['--check', '--input-type=module', '-'], { stdio: ['pipe', 'ignore', 'pipe'], env: {} })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(text)
  return new Promise((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', () => resolve(Number(/^\[stdin\]:(\d+)$/m.exec(said)?.[1]) || null))
  })
}
