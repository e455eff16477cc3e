import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { planJsonSchema, type SchemaNode } from '../src/plan/jsonSchema.ts'

/**
 * Keeps the tables of plans.md in step with the schema of plans.
 *
 *     npx node docs/generate.ts
 */
export const PLANS = fileURLToPath(new URL('plans.md', import.meta.url))
const BEGIN = '<!-- keys -->'
const END = '<!-- /keys -->'

interface Node extends SchemaNode {
  description?: string
  default?: unknown
  required?: string[]
  pattern?: string
}

/** The page with its tables as they should be. */
export function withTables(page: string): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before < 0 || after < 0) throw new Error(`${PLANS} needs ${BEGIN} and ${END}`)
  return `${page.slice(0, before + BEGIN.length)}\n${tables()}\n${page.slice(after)}`
}

function tables(): string {
  const plan: Node = planJsonSchema()
  const keys = Object.entries(propertiesOf(plan))
  const nested = keys.filter(([, node]) => objectsIn(node).length > 0)
  return [
    table('The plan', rows(plan)),
    ...nested.map(([key, node]) => table(`\`${key}\``, objectsIn(node).flatMap(rows), node.description)),
    ...keys.flatMap(([key, node]) => scenarioTable(key, node)),
  ].join('\n\n')
}

const propertiesOf = (node: Node) => (node.properties ?? {}) as Record<string, Node>

/** Objects with keys of their own that a value may be. */
const objectsIn = (node: Node): Node[] => [node, ...(node.anyOf ?? [])].filter((option: Node) => option.properties)

function scenarioTable(key: string, { additionalProperties: value, description }: Node): string[] {
  return typeof value === 'object' && value.properties ? [table(`\`${key}\`: each of them`, rows(value), description)] : []
}

function rows(node: Node): string[] {
  return Object.entries(propertiesOf(node)).map(([key, child]) => {
    const initial = node.required?.includes(key) ? 'required' : defaultText(child)
    return `| \`${key}\` | ${typeText(child)} | ${initial} | ${cell(child.description ?? '')} |`
  })
}

function table(title: string, lines: string[], about?: string): string {
  const intro = about ? `${about}\n\n` : ''
  return `### ${title}\n\n${intro}| key | value | default | what it does |\n|---|---|---|---|\n${[...new Set(lines)].join('\n')}`
}

function defaultText({ default: value }: Node): string {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return ''
  return `\`${JSON.stringify(value)}\``
}

function typeText(node: Node): string {
  if (node.title) return cell(node.title)
  if (node.const !== undefined) return `\`${JSON.stringify(node.const).replaceAll(`"`, ``)}\``
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.anyOf) return [...new Set(node.anyOf.map((option: Node) => typeText(option)))].join(', or ')
  if (node.type === 'array') return `list of: ${node.items ? typeText(node.items) : 'anything'}`
  if (node.type === 'integer') return `whole number${range(node)}`
  if (node.type === 'number') return `number${range(node)}`
  if (node.type === 'object') return node.properties || isRecordOfObjects(node) ? 'an object, see below' : 'an object'
  return String(node.type ?? 'any JSON')
}

const isRecordOfObjects = ({ additionalProperties: value }: Node) => typeof value === 'object' && value.properties !== undefined

function range({ minimum, maximum, exclusiveMinimum }: Node): string {
  const limit = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (minimum !== undefined && limit !== undefined) return ` from ${minimum} to ${limit}`
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`
  return minimum === undefined ? '' : ` from ${minimum}`
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PLANS, withTables(await readFile(PLANS, 'utf8')))
