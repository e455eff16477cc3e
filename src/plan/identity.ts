import { KEYS_THAT_DECIDE, KEYS_THAT_DO_NOT } from './keys.ts'
import type { Json, Plan, Written } from './model.ts'
import { isRecord, localPath } from './written.ts'

/**
 * The part of what the user wrote that decides which calls are made, as the command line changed it.
 * Spellings of the same agree, and what is not written is absent: a default that a later version changes or adds changes nothing here.
 */
export function identityOf(written: Written, { directory, functions }: Pick<Plan, 'directory' | 'functions'>): Record<string, Json> {
  const { plan, overrides, scenarios: names } = overridden(written)
  const { skill, variants, scenarios, ...rest } = plan
  const keep = (value: Json, path: string) => kept(value, path, directory)
  const skills = isRecord(variants) ? variants : { default: skill ?? null }
  const makers = functions.filter((name) => name.includes('.')).map((name) => name.replace(/^skill\./, 'variants.default.'))
  return {
    ...(keep(rest, '') as Record<string, Json>),
    variants: Object.fromEntries(Object.entries(skills).map(([name, each]) => [name, keep(asObject(each), 'skill')])),
    ...(names && isRecord(scenarios) && { scenarios: names.map((name) => [name, keepScenario(scenarios[name] ?? {}, keep)]) }),
    ...(overrides.only && { only: [...new Set(overrides.only)].toSorted() }),
    ...(overrides.limit !== undefined && { limit: overrides.limit }),
    ...(makers.length > 0 && { functions: makers.toSorted() }),
  }
}

/** `--sync --order --size --ladder` as if they had been written. */
function overridden({ plan, scenarios, variants, overrides }: Written): Written {
  const { sync, order, size, ladder } = overrides
  const mode = sync ?? (ladder ? 'free' : undefined)
  const own = isRecord(plan.sync) ? plan.sync : {}
  const { scenarios: _of, ...others } = plan
  return {
    overrides,
    variants,
    scenarios: ladder ? null : scenarios,
    plan: {
      ...(ladder ? { ...others, scaling: 'ladder', order: 'serial', repetitions: Math.max(2, Number(plan.repetitions ?? 1)) } : plan),
      ...(mode !== undefined && { sync: { ...own, mode } }),
      ...(order !== undefined && { order }),
      ...(size !== undefined && { baseSize: size }),
    },
  }
}

const asObject = (skill: Json): Json => (typeof skill === 'string' ? { kind: 'function', module: skill } : skill)

function keepScenario(scenario: Json, keep: (value: Json, path: string) => Json): Json {
  if (!isRecord(scenario)) return scenario
  const { input, ...rest } = scenario
  const own = isRecord(input) ? (keep(input, 'input') as Record<string, Json>) : {}
  return { ...(keep(rest, 'scenarios.NAME') as Record<string, Json>), ...(Object.keys(own).length > 0 && { input: own }) }
}

/** What decides of a value, in its one spelling. An object of which nothing is left is left out. */
function kept(value: Json, path: string, directory: string): Json {
  if (!isRecord(value) || !(path === '' || hasKeysBelow(path))) return spelled(value, path, directory)
  const entries = Object.entries(value).flatMap(([key, each]): [string, Json][] => {
    const below = path === '' ? key : `${path}.${key}`
    if (Object.hasOwn(KEYS_THAT_DO_NOT, below)) return []
    const rest = kept(each, below, directory)
    return hasKeysBelow(below) && isRecord(rest) && Object.keys(rest).length === 0 ? [] : [[key, rest]]
  })
  return Object.fromEntries(entries)
}

const hasKeysBelow = (path: string) => KEYS_THAT_DECIDE.some((key) => key.startsWith(`${path}.`))

const PATHS = ['skill.module', 'skill.cwd', 'input.file', 'input.module']

function spelled(value: Json, path: string, directory: string): Json {
  if (typeof value === 'string') return PATHS.includes(path) ? localPath(directory, value) : value
  if (path === 'skill.version' && typeof value === 'number') return String(value)
  if (path === 'chaos.latencyMs' && typeof value === 'number') return [value, value]
  return path === 'chaos.scenarios' && Array.isArray(value) ? (value as string[]).toSorted((a, b) => (a < b ? -1 : 1)) : value
}
