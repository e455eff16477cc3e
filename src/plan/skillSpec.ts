import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Json } from './model.ts'
import type { PlanPath, Report } from './problem.ts'
import type { CommandSkill, HttpSkill, SkillSpec } from './skillModel.ts'
import type { SkillWritten } from './skillSchemas.ts'
import { environmentOf, parseTemplate, textsIn, type Place } from './template.ts'
import { didYouMean, found } from './wording.ts'

interface Surroundings {
  directory: string
  /** Makes a path absolute, and reports a file that is not there. */
  file(written: string, path: PlanPath): string
  report: Report
}

type Written<Kind extends SkillSpec['kind']> = Extract<SkillWritten, { kind: Kind }>

/** Fills in what the skill's other keys decide, and reports what cannot work. */
export function skillSpec(written: SkillWritten, path: PlanPath, around: Surroundings): SkillSpec {
  if (typeof written === 'string') {
    const module = around.file(written, path)
    return { kind: 'function', module, export: 'default', isolation: 'process', version: null, params: {} }
  }
  const version = written.version === undefined ? null : String(written.version)
  switch (written.kind) {
    case 'function':
      return { ...written, module: around.file(written.module, [...path, 'module']), version }
    case 'http':
      return httpSpec(written, version, path, around.report)
    case 'command':
      return commandSpec(written, version, path, around)
  }
}

/** Environment variables that its templates name. */
export function environmentNames(skill: SkillSpec): string[] {
  if (skill.kind === 'function') return []
  return templatesOf(skill).flatMap(({ value }) => {
    try {
      return environmentOf(value)
    } catch {
      return []
    }
  })
}

/** Stands for all of them among the places that a template may have. */
const ENVIRONMENT = 'env'
const OF_SCENARIO = ['params', 'run', 'variant', 'scenario', 'difficulty', 'size', ENVIRONMENT]
const CALL = ['params', 'run', 'variant', 'scenario', 'repetition', 'batch', 'attempt', 'idempotencyKey', 'difficulty', 'size', ENVIRONMENT]

function templatesOf(skill: HttpSkill | CommandSkill): { key: string; value: Json; places: string[] }[] {
  if (skill.kind === 'command') {
    // One that stays is started once for all batches.
    const places = skill.mode === 'lines' ? OF_SCENARIO : CALL
    return [
      { key: 'command', value: skill.command, places },
      { key: 'env', value: skill.env, places },
    ]
  }
  const places = [skill.mode === 'item' ? 'item' : 'items', ...CALL]
  return [
    { key: 'url', value: skill.url, places },
    { key: 'headers', value: skill.headers, places },
    { key: 'body', value: skill.body, places },
    // Results are stored, and no environment variable may be.
    { key: 'result', value: skill.result, places: ['body', 'status', 'headers', places[0]!] },
  ]
}

const WITHOUT_BODY = ['GET', 'HEAD']

function httpSpec(written: Written<'http'>, version: string | null, path: PlanPath, report: Report): HttpSkill {
  const usual: Json =
    WITHOUT_BODY.includes(written.method) || written.method === 'DELETE'
      ? null
      : written.mode === 'item'
        ? '${item}'
        : { items: '${items}' }
  const spec: HttpSkill = { ...written, body: written.body ?? usual, version }
  checkTemplates(spec, path, report)
  if (written.body !== undefined) checkBody(spec, path, report)
  if (!/^(https?:\/\/|\$\{)/.test(written.url)) {
    report([...path, 'url'], `found ${found(written.url)}, expected an address that begins with http:// or https://`)
  }
  return spec
}

/** Of a skill with a body of its own, written or made by a function. */
export function checkBody(skill: SkillSpec, path: PlanPath, report: Report) {
  if (skill.kind === 'http' && WITHOUT_BODY.includes(skill.method))
    report([...path, 'body'], `found a body with method ${skill.method}, expected none`)
}

function commandSpec(
  written: Written<'command'>,
  version: string | null,
  path: PlanPath,
  { directory, report }: Surroundings,
): CommandSkill {
  const cwd = resolve(directory, written.cwd)
  if (!isDirectory(cwd)) {
    report([...path, 'cwd'], `found ${found(written.cwd)}, expected a directory: there is none at ${cwd}`)
  }
  const spec = { ...written, cwd, version }
  checkTemplates(spec, path, report)
  return spec
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

function checkTemplates(skill: HttpSkill | CommandSkill, path: PlanPath, report: Report) {
  for (const { key, value, places } of templatesOf(skill)) {
    for (const { text, way } of textsIn(value)) checkTemplate(text, places, (message) => report([...path, key, ...way], message))
  }
}

function checkTemplate(text: string, places: readonly string[], say: (message: string) => void) {
  try {
    for (const part of parseTemplate(text).parts) {
      if (typeof part === 'string' || isKnown(part, places)) continue
      const known = places.map((place) => `\${${place === ENVIRONMENT ? 'env:NAME' : place}}`).join(', ')
      const written = 'env' in part ? `env:${part.env}` : part.path.join('.')
      say(`found \${${written}}, expected one of ${known}${'env' in part ? '' : didYouMean(part.path[0]!, places)}`)
    }
  } catch (error) {
    say((error as SyntaxError).message)
  }
}

const isKnown = (place: Place, places: readonly string[]) => places.includes('env' in place ? ENVIRONMENT : place.path[0]!)

/** In a few words: its module, address or command, as written. */
export function skillText(skill: SkillSpec): string {
  if (skill.kind === 'function') return `${skill.module}${skill.export === 'default' ? '' : ` ${skill.export}`}`
  if (skill.kind === 'http') return `${skill.method} ${skill.url}`
  return typeof skill.command === 'string' ? skill.command : skill.command.join(' ')
}
