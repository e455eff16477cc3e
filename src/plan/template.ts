import type { Json } from './model.ts'

/** A text of a plan with places in it: `${item.name}`, `${params.model}`, `${env:TOKEN}`. `$${` stands for `${` itself. */
export interface Template {
  /** Texts and places, in turn. */
  parts: (string | Place)[]
}

export type Place = { env: string } | { path: string[] }

const PLACE = /\$\$\{|\$\{([^}]*)\}/g
const ENVIRONMENT = /^env:([A-Za-z_][A-Za-z0-9_]*)$/
const PATH = /^[A-Za-z_$][\w$-]*(\.[\w$-]+)*$/

/** @throws {SyntaxError} if a place is neither a path nor `env:NAME`. */
export function parseTemplate(text: string): Template {
  const parts: Template['parts'] = []
  let end = 0
  for (const match of text.matchAll(PLACE)) {
    const before = text.slice(end, match.index)
    end = match.index + match[0].length
    if (match[1] === undefined) parts.push(`${before}\${`)
    else parts.push(before, placeOf(match[1].trim()))
  }
  parts.push(text.slice(end))
  return { parts: parts.filter((part) => part !== '') }
}

function placeOf(written: string): Place {
  const name = ENVIRONMENT.exec(written)?.[1]
  if (name !== undefined) return { env: name }
  if (PATH.test(written)) return { path: written.split('.') }
  throw new SyntaxError(`\${${written}} is neither a path such as \${item.name} nor \${env:NAME}`)
}

/** Every text in a value, with the way to it. */
export function textsIn(value: Json | undefined, way: readonly PropertyKey[] = []): { text: string; way: readonly PropertyKey[] }[] {
  if (typeof value === 'string') return [{ text: value, way }]
  if (Array.isArray(value)) return value.flatMap((each, i) => textsIn(each, [...way, i]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => textsIn(each, [...way, key]))
}

/** Names of the environment variables that the texts of a value name. */
export const environmentOf = (value: Json | undefined): string[] =>
  textsIn(value).flatMap(({ text }) =>
    parseTemplate(text).parts.flatMap((part) => (typeof part === 'object' && 'env' in part ? [part.env] : [])),
  )
