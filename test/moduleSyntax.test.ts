import { expect, test } from 'vitest'
import { isModule } from '../src/moduleSyntax.ts'

test.each([
  ["import { definePlan } from 'troupe'\nexport default definePlan({})", true],
  ['export default async (items: unknown[]) => items', true],
  ['export {}', true],
  ["export * from './other.ts'", true],
  ["await import('x'); console.log(import.meta.url)", true],
  ["import type { A } from './a.ts'\nmodule.exports = (a: A) => a", false],
  ['export type A = 1\nexport interface B {}\nmodule.exports = 2', false],
  ["module.exports = () => import('x')", false],
  ["const s = 'export default 1' // import x from 'y'\nmodule.exports = s", false],
  ['const s = `\nexport default 1\n`\nmodule.exports = s', false],
  ['module.exports = 1', false],
  // With a mistake in it, which Node is to name.
  ['export default asyn (items) => {', true],
  ["import { a from 'b'", true],
  ["module.exports = (a => {\nconst imported = 'x'", false],
])('the text %j is a module: %s', (source, expected) => {
  expect(isModule(source)).toBe(expected)
})
