/**
 * What in a value JSON cannot carry, in words that follow the value's name: `place.when is of class Date`, `is a function`.
 * @returns `null` if JSON carries all of it. A property that is `undefined` counts as absent, as it does for `JSON.stringify`.
 */
export function whatIsNoJson(value: unknown): string | null {
  const problem = search(value, [])
  if (problem === null) return null
  return problem.path === '' ? problem.what : `${problem.path} ${problem.what}`
}

interface Problem {
  path: string
  what: string
}

function search(value: unknown, around: readonly object[]): Problem | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : { path: '', what: `is ${value}` }
  if (typeof value !== 'object') return { path: '', what: value === undefined ? 'is undefined' : `is a ${typeof value}` }
  if (around.includes(value)) return { path: '', what: 'contains itself' }
  const inside = [...around, value]
  if (Array.isArray(value)) {
    for (const [at, element] of value.entries()) {
      const problem = search(element, inside)
      if (problem !== null) return { ...problem, path: join(`[${at}]`, problem.path) }
    }
    return null
  }
  if (!isPlain(value)) return { path: '', what: `is of class ${value.constructor.name}` }
  for (const [key, property] of Object.entries(value)) {
    const problem = property === undefined ? null : search(property, inside)
    if (problem !== null) return { ...problem, path: join(key, problem.path) }
  }
  return null
}

/** Also objects of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const join = (outer: string, inner: string) => (inner === '' || inner.startsWith('[') ? outer + inner : `${outer}.${inner}`)
