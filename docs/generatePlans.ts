import { readFile, writeFile } from 'node:fs/promises'
import { planJsonSchema } from '../src/plan.ts'
import { nodeAt, type SchemaNode } from '../src/plan/jsonSchema.ts'
import { KEYS_THAT_DO_NOT } from '../src/plan/keys.ts'
import { expected } from '../src/plan/wording.ts'

type Described = SchemaNode & { description?: string; default?: unknown; required?: string[] }

/** Where an object lies in a plan and, of several shapes that it may have, a key that only the meant one has. */
interface Place {
  path: string[]
  with?: string
}

export const page = new URL('plans.md', import.meta.url)

/** Each table of the page, by its name there. */
const TABLES: Record<string, Place> = {
  plan: { path: [] },
  scenario: { path: ['scenarios', ''] },
  skill: { path: ['skill'], with: 'isolation' },
  'skill-http': { path: ['skill'], with: 'url' },
  'skill-command': { path: ['skill'], with: 'command' },
  'input-generator': { path: ['input'], with: 'generator' },
  'input-file': { path: ['input'], with: 'file' },
  'input-module': { path: ['input'], with: 'module' },
  scaling: { path: ['scaling'], with: 'sizes' },
  sync: { path: ['sync'] },
  retry: { path: ['retry'] },
  breaker: { path: ['breaker'], with: 'threshold' },
  weights: { path: ['breaker', 'weights'] },
  recovery: { path: ['recovery'] },
  classify: { path: ['classify'] },
  chaos: { path: ['chaos'] },
  workers: { path: ['workers'] },
  synthesize: { path: ['synthesize'] },
}

const MAY_CHANGE = 'keys that may change'

/** The text with every table between `<!-- table NAME -->` and `<!-- end -->` made anew. @throws {Error} if the text lacks one. */
export function withTables(text: string): string {
  const tables = Object.entries(TABLES).map(([name, place]) => [name, table(place)] as const)
  return [...tables, [MAY_CHANGE, keysThatMayChange()] as const].reduce((before, [name, made]) => {
    const marked = new RegExp(`(<!-- table ${name} -->\n)[^]*?(<!-- end -->)`)
    if (!marked.test(before)) throw new Error(`The page has no place for the table "${name}"`)
    return before.replace(marked, (_all, start: string, end: string) => `${start}${made}\n${end}`)
  }, text)
}

/** By the reason why they may. */
function keysThatMayChange(): string {
  const reasons = Map.groupBy(Object.entries(KEYS_THAT_DO_NOT), ([, reason]) => reason)
  return aligned(
    ['keys', 'they'],
    [...reasons].map(([reason, entries]) => [words(entries.map(([key]) => key)), reason]),
  )
}

function table(place: Place): string {
  const { properties = {}, required = [] } = objectAt(place)
  const isPlan = place.path.length === 0
  const rows = Object.entries(properties).map(([key, node]) => row(key, node, required.includes(key), isPlan ? linkTo(key) : undefined))
  return aligned(HEAD, rows)
}

/** The section of the page that has a table of a key's own keys. */
const linkTo = (key: string) => (key in TABLES ? `[${key}](#${key === 'scaling' ? 'profiles-scaling' : key})` : undefined)

const HEAD = ['key', 'value', 'default', 'meaning']

/** As the formatter would write it. */
function aligned(head: string[], rows: string[][]): string {
  const body = rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((title, column) => Math.max(title.length, ...body.map(({ [column]: cell = '' }) => cell.length)))
  const line = (cells: string[]) => `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

function objectAt({ path, with: key }: Place): Described {
  const node = nodeAt(planJsonSchema(), path)
  const shapes = node?.anyOf ?? (node ? [node] : [])
  const found = shapes.find(({ properties }) => properties && (key === undefined || key in properties))
  if (!found) throw new Error(`The schema of plans has no object at ${path.join('.')}`)
  return found
}

function row(key: string, node: Described, required: boolean, link?: string): string[] {
  return [`\`${key}\``, valueOf(node, link), required ? 'required' : defaultOf(node), node.description ?? '']
}

function valueOf(node: SchemaNode, link?: string): string {
  if (node.title) return node.title
  if (node.anyOf) return [...new Set(node.anyOf.map((branch) => valueOf(branch, link)))].join(', or ')
  if (node.properties && link) return `an object, see ${link}`
  if (node.properties) return `an object with ${words(Object.keys(node.properties))}`
  if (typeof node.additionalProperties === 'object' && !node.additionalProperties.$ref) return 'an object: a value for each name'
  return node.enum ? `one of ${words(node.enum)}` : expected(node, undefined)
}

/** What an object leaves out is filled in key by key: that is said in its own table. */
const defaultOf = (node: Described) => (node.default === undefined || node.properties ? '' : `\`${JSON.stringify(node.default)}\``)

const words = (all: unknown[]) => all.map((word) => `\`${String(word)}\``).join(', ')

if (import.meta.main) await writeFile(page, withTables(await readFile(page, 'utf8')))
