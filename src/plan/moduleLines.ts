import type { PlanPath } from './problem.ts'

/**
 * The lines of a plan that a module writes, found by a light look at its text: `export default { … }`, `export default definePlan({ … })`, or a name
 * that is given such an object. Of what is written otherwise (spread, computed, imported) the line of the nearest thing above it, or none.
 */
export function moduleLines(text: string): (path: PlanPath) => number | undefined {
  const masked = mask(text)
  const begin = planIn(masked)
  return (path) => {
    let at = begin
    let found: number | undefined
    for (const step of path) {
      if (at === undefined) break
      const next = typeof step === 'number' ? elementAt(masked, at, step) : keyAt(masked, text, at, String(step))
      if (next === undefined) break
      found = next.place
      at = next.value
    }
    return found === undefined ? undefined : text.slice(0, found).split('\n').length
  }
}

const CALLED = String.raw`(?:definePlan\s*\(\s*)?\{`

/** Where the plan's object begins. */
function planIn(masked: string): number | undefined {
  const direct = new RegExp(String.raw`\bexport\s+default\s+${CALLED}`).exec(masked)
  if (direct) return direct.index + direct[0].length - 1
  const [, name] = /\bexport\s+default\s+(?:definePlan\s*\(\s*)?([\w$]+)/.exec(masked) ?? []
  if (name === undefined) return undefined
  const named = new RegExp(String.raw`\b(?:const|let|var)\s+${name.replaceAll('$', String.raw`\$`)}\b[^=;]*=\s*${CALLED}`).exec(masked)
  return named ? named.index + named[0].length - 1 : undefined
}

interface Found {
  place: number
  /** Where an object or a list begins that is its value. */
  value: number | undefined
}

const opens = (masked: string, at: number) => (masked[at] === '{' || masked[at] === '[' ? at : undefined)

/** A key right in the object that begins at `at`. */
function keyAt(masked: string, text: string, at: number, key: string): Found | undefined {
  for (const place of partsOf(masked, at)) {
    const [whole, quoted, plain] = /^(?:(['"])\s*\1|([\w$]+))\s*:\s*/.exec(masked.slice(place)) ?? []
    if (whole === undefined) continue
    const name = quoted === undefined ? plain : text.slice(place + 1, masked.indexOf(quoted, place + 1))
    if (name === key) return { place, value: opens(masked, place + whole.length) }
  }
  return undefined
}

function elementAt(masked: string, at: number, index: number): Found | undefined {
  const place = partsOf(masked, at)[index]
  return place === undefined ? undefined : { place, value: opens(masked, place) }
}

/** Where each property or element begins of what begins at `at`. */
function partsOf(masked: string, at: number): number[] {
  const parts: number[] = []
  let depth = 0
  let isAwaited = true
  for (let i = at + 1; i < masked.length; i++) {
    const character = masked[i]!
    if (isAwaited && !/[\s,\]})]/.test(character)) {
      parts.push(i)
      isAwaited = false
    }
    if ('{[('.includes(character)) depth++
    else if ('}])'.includes(character) && --depth < 0) break
    else if (character === ',' && depth === 0) isAwaited = true
  }
  return parts
}

/** The text without what its comments and strings hold; their places stay. */
const mask = (text: string): string =>
  text.replaceAll(/\/\/[^\n]*|\/\*.*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gs, (found) => {
    const quote = found[0] === '/' ? ' ' : found[0]!
    return quote + found.slice(1, -1).replaceAll(/[^\n]/g, ' ') + quote
  })
