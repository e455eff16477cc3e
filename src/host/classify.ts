import type { Classify, ErrorClass, Plan, PlanFunctions } from '../plan.ts'
import { isErrorClass, messageOf } from '../skills/errorClass.ts'
import { loadExport } from '../skills/load.ts'

/** A plan's say on the class of an error: nothing leaves it to the usual rules. Never throws. */
export type OwnClassify = (error: unknown) => ErrorClass | undefined

/**
 * The plan's `classify`, loaded where it is an export of a module.
 *
 * @param warn Hears, once, that it throws or returns what is no class; the usual rules then decide.
 * @throws {SkillLoadError} if it cannot be loaded, or is no function.
 */
export async function openClassify(
  { classify }: Pick<Plan, 'classify'>,
  functions: PlanFunctions,
  warn: (message: string) => void,
): Promise<OwnClassify | undefined> {
  const given = functions.classify ?? (classify ? await loadClassify(classify) : undefined)
  return given && guarded(given, warn)
}

/** @throws {SkillLoadError} */
export async function loadClassify({ module, export: name }: { module: string; export: string }): Promise<Classify> {
  return (await loadExport(module, name, HINT)) as Classify
}

const HINT = 'Let the module of classify export: (error) => class, one of critical, recoverable, transient, ignored, or nothing'

function guarded(given: Classify, warn: (message: string) => void): OwnClassify {
  let warned = false
  const refuse = (why: string) => {
    if (!warned) warn(`classify ${why}: the usual rules decide`)
    warned = true
    return undefined
  }
  return (error) => {
    let found: unknown
    try {
      found = given(error)
    } catch (thrown) {
      return refuse(`threw ${messageOf(thrown)}`)
    }
    if (found === undefined || found === null) return undefined
    if (isErrorClass(found)) return found
    if (found instanceof Promise) found.catch(() => {})
    return refuse(`returned ${found instanceof Promise ? 'a promise' : messageOf(found)}, which is no error class`)
  }
}
