import type { Place, Template } from '../plan.ts'

type Quote = 'none' | 'single' | 'double'

/**
 * A template for a POSIX shell, with an environment variable in every place. So a value never is program text: also where the quotes are misread
 * here, which are followed only so that a value stays one word. In single quotes the variable stands outside of them.
 *
 * @returns `values`: what each variable stands for.
 */
export function shellPlaces({ parts }: Template): { text: string; values: [name: string, place: Place][] } {
  const quotes = new Quotes()
  const values: [string, Place][] = []
  const text = parts.map((part) => {
    if (typeof part === 'string') {
      quotes.read(part)
      return part
    }
    const name = `TROUPE_VALUE_${values.length + 1}`
    values.push([name, part])
    // Braces, or letters that follow would belong to the name.
    const variable = `\${${name}}`
    return { none: `"${variable}"`, double: variable, single: `'"${variable}"'` }[quotes.now]
  })
  return { text: text.join(''), values }
}

/** In what quotes the end of a shell's text stands. Within `$(…)` they begin anew; in a comment there are none. */
class Quotes {
  readonly #around: Quote[] = []
  now: Quote = 'none'

  read(text: string) {
    for (let i = 0; i < text.length; i++) {
      const character = text[i]!
      if (this.now === 'single') {
        if (character === "'") this.now = 'none'
      } else if (character === '\\') i++
      else if (character === '"') this.now = this.now === 'double' ? 'none' : 'double'
      else if (character === '(' && (this.now === 'none' || text[i - 1] === '$')) {
        this.#around.push(this.now)
        this.now = 'none'
      } else if (this.now === 'none') {
        if (character === "'") this.now = 'single'
        else if (character === '#' && /(^|\s)$/.test(text.slice(0, i))) i = endOfLine(text, i)
        else if (character === ')') this.now = this.#around.pop() ?? 'none'
      }
    }
  }
}

const endOfLine = (text: string, from: number) => (text.includes('\n', from) ? text.indexOf('\n', from) : text.length)
