import { TemplateError } from '../errors.ts'
import { parseTemplate, type Json, type Place, type Template } from '../plan.ts'
import type { SkillContext } from './skill.ts'

/** What the places of a template may name, by the first word of their paths. */
export type Scope = Readonly<Record<string, unknown>>

type Render<T> = (scope: Scope) => T

/**
 * A JSON value whose texts are templates, parsed once and rendered per scope. A text that is exactly one place becomes the value itself, or `null`
 * where there is none; a place inside of a text is written into it. What holds no places is not copied.
 *
 * @throws {SyntaxError} of a place that is none. Rendering throws `TemplateError` where a place inside of a text has no value.
 */
export function compileTemplate(template: Json): Render<unknown> {
  const compiled = compile(template)
  return typeof compiled === 'function' ? compiled : () => template
}

/** As `compileTemplate`, of a template that must give a text: a place that is alone must have a value too. */
export function compileText(text: string, options: TextOptions = {}): Render<string> {
  const { escape = asText, escapeFirst = escape, environment = readEnvironment } = options
  const { parts } = parseTemplate(text)
  const texts = parts.map((part, i) => (typeof part === 'string' ? () => part : textOf(part, environment, i === 0 ? escapeFirst : escape)))
  return (scope) => texts.map((render) => render(scope)).join('')
}

export interface TextOptions {
  /** What becomes of a value that is put into the text; default `asText`. */
  escape?: (value: unknown) => string
  /** The same, of a place that the text begins with. */
  escapeFirst?: (value: unknown) => string
  /** Where `${env:NAME}` is looked up, at each rendering. */
  environment?: (name: string) => string | undefined
}

/** What every template of a batch may name. */
export function scopeOf({
  params,
  run,
  variant,
  scenario,
  repetition,
  batch,
  attempt,
  idempotencyKey,
  difficulty,
  size,
}: SkillContext): Scope {
  return { params, run, variant, scenario, repetition, batch, attempt, idempotencyKey, difficulty, size }
}

/** Texts as they are, others as JSON. */
export const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** The same, as a part of a URL. */
export const asUrlPart = (value: unknown) => encodeURIComponent(asText(value).toWellFormed())

const readEnvironment = (name: string) => process.env[name]

/** `undefined` where there are no places in it. */
function compile(template: Json): Render<unknown> | undefined {
  if (typeof template === 'string') return compileString(parseTemplate(template), template)
  if (typeof template !== 'object' || template === null) return undefined
  if (Array.isArray(template)) {
    const items = template.map(compile)
    return items.some(Boolean) ? (scope) => template.map((item, i) => (items[i] ? items[i](scope) : item)) : undefined
  }
  const entries = Object.entries(template).map(([key, value]) => [key, value, compile(value)] as const)
  if (!entries.some(([, , render]) => render)) return undefined
  return (scope) => Object.fromEntries(entries.map(([key, value, render]) => [key, render ? render(scope) : value]))
}

function compileString({ parts }: Template, text: string): Render<unknown> | undefined {
  const [first] = parts
  if (parts.length === 1 && typeof first === 'object') return (scope) => valueAt(first, scope, readEnvironment) ?? null
  const texts = parts.filter((part) => typeof part === 'string')
  if (texts.length < parts.length) return compileText(text)
  const whole = texts.join('')
  return whole === text ? undefined : () => whole
}

function textOf(place: Place, environment: (name: string) => string | undefined, escape: (value: unknown) => string): Render<string> {
  return (scope) => {
    const value = valueAt(place, scope, environment)
    if (value === undefined) throw new TemplateError(missing(place))
    return escape(value)
  }
}

function missing(place: Place): string {
  if ('env' in place) return `The environment variable ${place.env} is not set, and stands inside of a text as \${env:${place.env}}`
  return `\${${place.path.join('.')}} has no value, and stands inside of a text`
}

/** Only own properties are followed: neither `constructor` nor what else JSON does not say. */
export function valueAt(place: Place, scope: Scope, environment: (name: string) => string | undefined): unknown {
  if ('env' in place) return environment(place.env)
  let value: unknown = scope
  for (const key of place.path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
