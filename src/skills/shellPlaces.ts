import { SkillLoadError } from '../errors.ts'
import type { Place, Template } from '../plan.ts'
import { ShellReader } from './shellReader.ts'

/**
 * A template for a POSIX shell, with an environment variable in every place. So a value never is program text: also where the quotes are misread
 * here, which are followed only so that a value stays one word. In single quotes the variable stands outside of them.
 *
 * @returns `values`: what each variable stands for.
 * @throws {SkillLoadError} if a place is where bash would run what is in the value of a variable, as in arithmetic.
 */
export function shellPlaces({ parts }: Template): { text: string; values: [name: string, place: Place][] } {
  const reader = new ShellReader()
  const values: [string, Place][] = []
  const text = parts.map((part) => {
    if (typeof part === 'string') {
      reader.read(part)
      return part
    }
    const { quote } = reader
    const danger = reader.place()
    if (danger) {
      throw new SkillLoadError(`The command has \${${written(part)}} in ${danger}, where a shell may run what the value says`, {
        hint: 'Write the command as a list, compare texts with [ … = … ], or let a program compute: expr, awk -v',
      })
    }
    const name = `TROUPE_VALUE_${values.length + 1}`
    values.push([name, part])
    // Braces, or letters that follow would belong to the name.
    const variable = `\${${name}}`
    return { none: `"${variable}"`, double: variable, single: `'"${variable}"'` }[quote]
  })
  return { text: text.join(''), values }
}

const written = (place: Place) => ('env' in place ? `env:${place.env}` : place.path.join('.'))
