// Loads nothing, and is written for the oldest Node that can read it: it is asked before anything is loaded that such a Node lacks.

/** Of `engines` in package.json: from which minor version on, by major version. All from `NEXT` on will do. */
const FIRST_MINOR: Readonly<Record<number, number>> = { 22: 18, 24: 11 }
const NEXT = 26

/** What is wrong with a version of Node, in words; `null` where nothing is. */
export function nodeProblem(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major >= NEXT || minor >= (FIRST_MINOR[major] ?? Infinity)) return null
  const odd = major > 22 && FIRST_MINOR[major] === undefined ? `, and not ${major}` : ''
  return `Troupe needs Node 22.18 or later (or 24.11 or later)${odd}, this is ${version}`
}
