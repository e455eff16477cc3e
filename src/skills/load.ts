import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { SkillLoadError } from '../errors.ts'
import { messageOf } from './errorClass.ts'
import type { SkillFunction } from './skill.ts'

/** @throws {SkillLoadError} if the module throws, or does not export such a function. */
export async function loadSkillFunction(module: string, name: string): Promise<SkillFunction> {
  const exported = await importModule(module)
  const found = exported[name]
  if (typeof found === 'function') return found as SkillFunction
  // What TypeScript and Babel make of `export default` in CommonJS.
  const inner = (exported.default as Record<string, unknown> | undefined)?.[name]
  if (typeof inner === 'function') return inner as SkillFunction
  if (found !== undefined) throw new SkillLoadError(`${module}: its export "${name}" is ${kindOf(found)}, not a function`)
  const names = Object.keys(exported).filter((key) => key !== 'module.exports')
  throw new SkillLoadError(`${module} has no export "${name}"; it exports ${names.length > 0 ? names.slice(0, 20).join(', ') : 'nothing'}`)
}

/** @returns sha256 of the module's file, hex. */
export async function hashModule(module: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(module).catch((cause: unknown) => Promise.reject(unreadable(module, cause))))
    .digest('hex')
}

async function importModule(module: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(module).href)) as Record<string, unknown>
  } catch (cause) {
    throw new SkillLoadError(`${module} cannot be loaded: ${messageOf(cause)}`, { cause })
  }
}

function unreadable(module: string, cause: unknown): SkillLoadError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
  return new SkillLoadError(missing ? `There is no file ${module}` : `${module} cannot be read: ${messageOf(cause)}`, { cause })
}

const kindOf = (value: unknown) => (value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`)
