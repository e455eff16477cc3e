import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml'
import { PlanError, type PlanProblem } from '../errors.ts'
import { InexactNumberError, isExact } from './exactJson.ts'
import { disordered, LOST_KEY } from './keyOrder.ts'
import { pathText, type PlanPath } from './problem.ts'

/** A YAML or JSON text, read, with the lines of what is in it. */
export interface PlanDocument {
  value: unknown
  /** The line, from 1, of what lies at a path, or of the nearest thing above it that is there. */
  lineOf: (path: PlanPath) => number | undefined
  /** As they are written: an object of JavaScript does not keep the order of all names. */
  scenarioNames: readonly string[] | undefined
}

// V8 quotes this many characters before the token that it did not expect.
const CONTEXT = 10

/**
 * @param file How messages call it.
 * @throws {PlanError} with line and column of every error of syntax.
 */
export function parseYaml(text: string, file: string): PlanDocument {
  const { document, lines } = parse(text)
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => syntaxProblem('YAML', lines.linePos(pos[0]), message))
    // One slip makes several errors on its line; the first says most.
    throw new PlanError(
      [...Map.groupBy(problems, ({ line }) => line).values()].map((onLine) => onLine[0]!),
      file,
    )
  }
  return read(document, lines, toValue(document, file), file)
}

/** As `parseYaml`, but as strict as JSON; keys that are written twice are errors too. */
export function parseJson(text: string, file: string): PlanDocument {
  const value = strictJson(text, file)
  const { document, lines } = parse(text)
  const twice = document.errors.filter((error) => error.code === 'DUPLICATE_KEY')
  if (twice.length > 0) {
    const problems = twice.map(({ pos }) => syntaxProblem('JSON', lines.linePos(pos[0]), 'the same key is written twice'))
    throw new PlanError(problems, file)
  }
  return read(document, lines, value, file)
}

function read(document: Document.Parsed, lines: LineCounter, value: unknown, file: string): PlanDocument {
  const index: Index = new WeakMap()
  const find = (path: PlanPath) => lineOf(document, lines, path, index)
  const keysAt = (key: string) => {
    const node = document.get(key, true)
    return isMap(node) ? node.items.map((pair) => String(isScalar(pair.key) ? pair.key.value : pair.key)) : undefined
  }
  const moved = disordered(value, keysAt, ['variants']).map(({ path, message }) => ({ path: pathText(path), line: find(path), message }))
  const problems: PlanProblem[] = [
    ...inexact(document, lines),
    ...lostKeys(document, lines),
    ...moved.map(({ line, ...rest }) => (line === undefined ? rest : { ...rest, line })),
  ]
  if (problems.length > 0) throw new PlanError(problems, file)
  return { value, lineOf: find, scenarioNames: keysAt('scenarios') }
}

/** Keys that no object of JavaScript has as a key of its own. */
function lostKeys(document: Document.Parsed, lines: LineCounter): PlanProblem[] {
  const problems: PlanProblem[] = []
  visit(document, {
    Pair(_key, { key }) {
      if (!isScalar(key) || key.value !== LOST_KEY) return
      problems.push({
        path: '',
        line: lines.linePos(startOf(key) ?? 0).line,
        message: `the key ${LOST_KEY} would be lost; choose another name`,
      })
    },
  })
  return problems
}

/** Numbers that would reach the skill as other numbers. */
function inexact(document: Document.Parsed, lines: LineCounter): PlanProblem[] {
  const problems: PlanProblem[] = []
  visit(document, {
    Scalar(_key, { value, source, range }, around) {
      if (typeof value !== 'number' || source === undefined || isExact(source)) return
      const path = around.flatMap((each) => (isPair(each) && isScalar(each.key) ? [String(each.key.value)] : []))
      const { line } = lines.linePos(range?.[0] ?? 0)
      problems.push({ path: pathText(path), line, message: `${new InexactNumberError(source).message}; write it as text, in quotes` })
    },
  })
  return problems
}

function parse(text: string) {
  const lines = new LineCounter()
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'error' }), lines }
}

function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    // Aliases of aliases that would unfold to more than memory holds.
    throw new PlanError([{ path: '', message: `not usable YAML: ${messageOf(error)}` }], file)
  }
}

function strictJson(text: string, file: string): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return value
  } catch (error) {
    const message = messageOf(error)
    const before = text.slice(0, offsetOf(message, text)).split('\n')
    const position = { line: before.length, col: before.at(-1)!.length + 1 }
    throw new PlanError([syntaxProblem('JSON', position, message.replace(/(,? in JSON)? at position \d+.*$|, (\.\.\.)?"[^]*$/, ''))], file)
  }
}

/** V8 gives a position, or what stands around the error, or nothing when the text ends too early. */
function offsetOf(message: string, text: string): number {
  const position = / at position (\d+)/.exec(message)?.[1]
  if (position) return Number(position)
  const quoted = /^Unexpected token '(?<token>[^])'[^]*?, (?<cut>\.\.\.)?"(?<around>[^]*)"(\.\.\.)? is not valid JSON$/.exec(
    message,
  )?.groups
  if (!quoted) return text.length
  const start = text.indexOf(quoted.around ?? '')
  return quoted.cut ? start + CONTEXT : text.indexOf(quoted.token ?? '', start)
}

type Index = WeakMap<YAMLMap, Map<string, YAMLMap['items'][number]>>

/** Pairs by key, made once: a plan may have thousands of problems. */
function pairsOf(map: YAMLMap, index: Index) {
  const known = index.get(map)
  if (known) return known
  const pairs = new Map(map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])))
  index.set(map, pairs)
  return pairs
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: PlanPath, index: Index): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = pairsOf(node, index).get(String(segment))
      if (!pair) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(segment)]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset === undefined ? undefined : lines.linePos(offset).line
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? (node satisfies Node).range?.[0] : undefined)

function syntaxProblem(language: 'YAML' | 'JSON', { line, col }: { line: number; col: number }, message: string): PlanProblem {
  return { path: '', line, message: `not valid ${language} at column ${col}: ${message}` }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
