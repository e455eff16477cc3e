import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InputSpec } from './model.ts'
import type { PlanPath, Report } from './problem.ts'
import type { SkillSpec } from './skillModel.ts'
import { skillSpec } from './skillSpec.ts'
import type { SkillWritten } from './skillSchemas.ts'
import type { GeneratorWritten, InputWritten } from './sources.ts'
import { didYouMean, found } from './wording.ts'

/** Makes what a plan refers to absolute, and reports files that are not there. */
export interface References {
  skill(written: SkillWritten, path: PlanPath): SkillSpec
  /** `generator` is what a generator is of that names none. */
  input(written: InputWritten, path: PlanPath, generator: 'uniform' | 'skewed'): InputSpec
  /** An export of a module that has a key of its own in the plan. */
  exported(written: Exported | undefined, key: string): Exported | null
}

interface Exported {
  module: string
  export: string
}

const ZIPF_EXPONENT = 1.1

export function createReferences(directory: string, report: Report): References {
  function file(written: string, path: PlanPath): string {
    const absolute = resolve(directory, URL.canParse(written) && written.startsWith('file:///') ? fileURLToPath(written) : written)
    const kind = kindOf(absolute)
    if (kind !== 'file') {
      const there =
        kind !== 'nothing'
          ? kind === 'directory'
            ? 'that is a directory'
            : `it cannot be read: ${kind.message}`
          : `there is none at ${absolute}${didYouMean(basename(absolute), siblings(absolute))}`
      report(path, `found ${found(written)}, expected a file: ${there}`)
    }
    return absolute
  }

  return {
    skill: (written, path) => skillSpec(written, path, { directory, file, report }),
    input(written, path, generator) {
      if ('file' in written) {
        const { columns, delimiter } = written
        return {
          kind: 'file',
          file: file(written.file, [...path, 'file']),
          ...(columns && { columns }),
          ...(delimiter !== undefined && { delimiter }),
        }
      }
      if ('module' in written) return { kind: 'module', module: file(written.module, [...path, 'module']), export: written.export }
      return generatorSpec(written, path, generator, report)
    },
    exported(written, key) {
      return written ? { module: file(written.module, [key, 'module']), export: written.export } : null
    },
  }
}

/** What a scenario's items come from: its own input over that of the plan. Two generators are merged, key by key. */
export function mergeInputs(plan: InputWritten | undefined, scenario: InputWritten | undefined): InputWritten {
  if (!scenario) return plan ?? {}
  if (!plan || !isGenerator(plan) || !isGenerator(scenario)) return scenario
  const { exponent, ...rest } = plan
  const generator = scenario.generator ?? plan.generator
  return { ...rest, ...(generator === 'zipf' && exponent !== undefined && { exponent }), ...scenario }
}

const isGenerator = (written: InputWritten): written is GeneratorWritten => !('file' in written || 'module' in written)

function generatorSpec(written: GeneratorWritten, path: PlanPath, fallback: 'uniform' | 'skewed', report: Report): InputSpec {
  const { generator = fallback, seed = 1, exponent } = written
  if (generator === 'zipf') return { kind: 'generator', generator, seed, exponent: exponent ?? ZIPF_EXPONENT }
  if (exponent !== undefined) report([...path, 'exponent'], `found ${exponent}, expected none: only the generator zipf has an exponent`)
  return { kind: 'generator', generator, seed }
}

/** What is at a path, or why nobody can tell: links in a circle, a name too long, a directory that is closed to us. */
function kindOf(path: string): 'file' | 'directory' | 'nothing' | Error {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) return 'nothing'
    return stats.isDirectory() ? 'directory' : 'file'
  } catch (error) {
    return error as Error
  }
}

function siblings(path: string): string[] {
  try {
    return readdirSync(dirname(path))
  } catch {
    return []
  }
}
