import { constants } from 'node:fs'
import { access, readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SkillLoadError } from '../errors.ts'
import { loadHint, loadPlace, messageWithPlace } from '../loadPlace.ts'
import { didYouMean } from '../plan.ts'
import { shellWord } from '../shellCommand.ts'
import { messageOf } from './errorClass.ts'
import { type ProgramFile, programFiles } from './programFiles.ts'
import type { SkillFunction } from './skill.ts'

/** @throws {SkillLoadError} if the module throws, or does not export such a function. */
export async function loadSkillFunction(module: string, name: string): Promise<SkillFunction> {
  return (await loadExport(module, name)) as SkillFunction
}

/**
 * A function that a module exports, of whatever kind.
 * @param hint What to export instead, where that is not a skill.
 * @throws {SkillLoadError} if the module throws, or does not export such a function.
 */
export async function loadExport(module: string, name: string, hint?: string): Promise<(...given: never[]) => unknown> {
  const exported = await importModule(module)
  const found = exported[name]
  if (typeof found === 'function') return found as (...given: never[]) => unknown
  // What TypeScript and Babel make of `export default` in CommonJS.
  const inner = (exported.default as Record<string, unknown> | undefined)?.[name]
  if (typeof inner === 'function') return inner as (...given: never[]) => unknown
  if (found !== undefined) throw new SkillLoadError(`${module}: its export "${name}" is ${kindOf(found)}, not a function`, { hint })
  const names = Object.keys(exported).filter((key) => key !== 'module.exports')
  const instead = names.length > 0 ? names.slice(0, 20).join(', ') : 'nothing'
  throw new SkillLoadError(`${module} has no export "${name}"; it exports ${instead}`, { hint })
}

/** The module's file, first, and those that it imports. @throws {SkillLoadError} if the module itself cannot be read. */
export async function moduleProgram(module: string): Promise<ProgramFile[]> {
  await access(module, constants.R_OK).catch((cause: unknown) => unreadable(module, cause))
  return programFiles([module], dirname(module))
}

async function importModule(module: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(module).href)) as Record<string, unknown>
  } catch (cause) {
    const said = messageWithPlace(messageOf(cause), await loadPlace(cause, module))
    const correct = loadHint(cause, `Correct the module. Try it alone with: node ${shellWord(module)}`)
    throw new SkillLoadError(`${module} cannot be loaded: ${said}`, { cause, hint: correct })
  }
}

async function unreadable(module: string, cause: unknown): Promise<never> {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
    throw new SkillLoadError(`${module} cannot be read: ${messageOf(cause)}`, { cause, hint: 'Let this user read the file' })
  }
  const siblings = await readdir(dirname(module)).catch(() => [])
  const hint = 'Correct the path in the plan, which counts from the directory of the plan'
  throw new SkillLoadError(`There is no file ${module}${didYouMean(basename(module), siblings)}`, { cause, hint })
}

const kindOf = (value: unknown) => (value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`)
