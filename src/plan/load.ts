import { isUtf8 } from 'node:buffer'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PlanError, PlanModuleError, PlanUnreadableError } from '../errors.ts'
import { loadHint, loadPlace, messageWithPlace } from '../loadPlace.ts'
import type { PlanDocument } from './document.ts'
import { separateFunctions, type PlanFunctions } from './functions.ts'
import type { Plan, PlanOverrides } from './model.ts'
import { moduleLines } from './moduleLines.ts'
import { normalizePlan, type NormalizeOptions } from './normalize.ts'
import { quickJson } from './quickJson.ts'
import { didYouMean } from './wording.ts'

export interface LoadedPlan {
  plan: Plan
  functions: PlanFunctions
  /** Where it was read from, as it was named. */
  file?: string
}

/**
 * Reads a plan (`.ts .mts .cts .js .mjs .cjs .yaml .yml .json`), or a module that default-exports a skill, which runs with all defaults.
 *
 * @param file Relative to the working directory; messages call it so.
 * @throws {PlanUnreadableError} if there is no such file, or it is of no kind that a plan may be.
 * @throws {PlanModuleError} if it throws when imported, or has no default export.
 * @throws {PlanError} with everything else that is wrong.
 */
export async function loadPlan(file: string, overrides: PlanOverrides = {}): Promise<LoadedPlan> {
  return { ...(await read(file, overrides)), file }
}

async function read(file: string, overrides: PlanOverrides): Promise<LoadedPlan> {
  const path = resolve(file)
  const options = { directory: dirname(path), file, overrides }
  await checkReadable(file, path)
  switch (extname(path).toLowerCase()) {
    case '.yaml':
    case '.yml':
      return fromYaml(await readText(file, path), file, options)
    case '.json':
      return fromJson(await readText(file, path), file, options)
    case '.ts':
    case '.mts':
    case '.cts':
    case '.js':
    case '.mjs':
    case '.cjs':
      return fromModule(await importDefault(file, path), path, { ...options, lineOf: moduleLines(await readText(file, path)) })
    default:
      throw new PlanUnreadableError(
        `${file} is no plan: expected a file that ends in .ts, .mts, .cts, .js, .mjs, .cjs, .yaml, .yml or .json`,
      )
  }
}

// The parser of YAML takes longer to load than all of ours, and JSON needs it only to say in which line something is wrong.

async function fromYaml(text: string, file: string, options: NormalizeOptions): Promise<LoadedPlan> {
  const { parseYaml } = await import('./document.ts')
  return fromDocument(parseYaml(text, file), options)
}

async function fromJson(text: string, file: string, options: NormalizeOptions): Promise<LoadedPlan> {
  const value = quickJson(text)
  try {
    if (value !== undefined) return fromDocument({ value }, options)
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
  }
  const { parseJson } = await import('./document.ts')
  return fromDocument(parseJson(text, file), options)
}

function fromDocument(
  { value, lineOf, scenarioNames }: Pick<PlanDocument, 'value'> & Partial<PlanDocument>,
  options: NormalizeOptions,
): LoadedPlan {
  return { plan: normalizePlan(value, { ...options, inOrder: true, lineOf, scenarioNames }), functions: {} }
}

function fromModule(exported: unknown, path: string, options: NormalizeOptions): LoadedPlan {
  if (typeof exported === 'function') return { plan: normalizePlan({ name: nameAfter(path), skill: path }, options), functions: {} }
  return { plan: normalizePlan(exported, options), functions: separateFunctions(exported).functions }
}

async function importDefault(file: string, path: string): Promise<unknown> {
  let module: Record<string, unknown>
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const show = (found: string) => (found === path ? file : join(dirname(file), relative(dirname(path), found)))
    throw new PlanModuleError(
      `${file} failed when it was loaded: ${messageWithPlace(reason, await loadPlace(error, path), show)}`,
      loadHint(error, 'Correct the module; --verbose shows the whole stack'),
      { cause: error },
    )
  }
  if (module.default !== undefined) return module.default
  const others = Object.keys(module)
  const instead = others.length > 0 ? `; it exports ${others.join(', ')}` : ''
  throw new PlanModuleError(
    `${file} has no default export${instead}`,
    'Write: export default definePlan({ … }), or for a skill: export default async (items, context) => results',
  )
}

async function checkReadable(file: string, path: string) {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (stats instanceof Error) {
    const siblings = await readdir(dirname(path)).catch(() => [])
    const reason =
      stats.code === 'ENOENT' || stats.code === 'ENOTDIR'
        ? `There is no plan ${file}${didYouMean(basename(path), siblings)}`
        : `${file} cannot be read: ${stats.message}`
    throw new PlanUnreadableError(reason, { cause: stats })
  }
  if (stats.isDirectory()) throw new PlanUnreadableError(`${file} is a directory, expected a plan or a skill module`)
}

async function readText(file: string, path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new PlanUnreadableError(`${file} cannot be read: ${cause.message}`, { cause })
  })
  if (!isUtf8(bytes)) throw new PlanUnreadableError(`${file} is not UTF-8: save it as UTF-8`)
  return bytes.toString()
}

function nameAfter(path: string): string {
  const name = basename(path, extname(path))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')
  return name || 'skill'
}
