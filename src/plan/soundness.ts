import type { PlanPath, Problem } from './problem.ts'

/** Deeper than anything that a person writes, and far from where recursion ends. */
const DEEPEST = 100

/**
 * What no plan may hold, whatever the key: text that PostgreSQL cannot store, and nesting without an end.
 * Said before anything looks deeper, which nesting could end.
 */
export function unsoundIn(plan: unknown): Problem[] {
  const problems: Problem[] = []
  const open: { value: unknown; path: PlanPath }[] = [{ value: plan, path: [] }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next
    if (typeof value === 'string') {
      const what = unstorable(value)
      if (what !== null) problems.push({ path, message: `the text holds ${what}, which cannot be stored; leave it out` })
    }
    if (typeof value !== 'object' || value === null) continue
    if (path.length >= DEEPEST) return [{ path: path.slice(0, 3), message: `nested more than ${DEEPEST} levels deep, or in itself` }]
    for (const [key, child] of Object.entries(value)) {
      const what = unstorable(key)
      if (what !== null) problems.push({ path, message: `the key ${JSON.stringify(key)} holds ${what}, which cannot be stored; rename it` })
      else open.push({ value: child, path: [...path, Array.isArray(value) ? Number(key) : key] })
    }
  }
  return problems
}

function unstorable(text: string): string | null {
  if (text.includes('\0')) return 'the character U+0000'
  return text.isWellFormed() ? null : 'half of a surrogate pair'
}
