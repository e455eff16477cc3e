import { readFileSync } from 'node:fs'
import { createRequire, type LoadHookSync } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as lexer from 'es-module-lexer'

/** What package.json makes of a `.js` or `.ts` file, and what it is where its text is that of a module. */
const AS_MODULE: Readonly<Record<string, string>> = { commonjs: 'module', 'commonjs-typescript': 'module-typescript' }
const ENDS_OPEN = /\.[jt]s$/
const MAY_BE_MODULE = /\b(?:import|export)\b/
const BEGINS_AS_MODULE = /^[ \t]*(?:import\b[ \t]*['"{*\w]|export[ \t]+(?:default|const|let|var|async|function|class|\{|\*))/m

const require = createRequire(import.meta.url)

/**
 * Loads a user's file as the module that its text is, although the nearest package.json says `"type": "commonjs"`, as `npm init` writes it for
 * everyone. CommonJS stays what it is, and so does all that packages bring.
 */
export const loadByText: LoadHookSync = (url, context, next) => {
  const format = AS_MODULE[context.format ?? '']
  if (format === undefined || !url.startsWith('file:') || url.includes('/node_modules/')) return next(url, context)
  const file = fileURLToPath(url)
  if (!ENDS_OPEN.test(file) || !isModule(readFileSync(file, 'utf8'))) return next(url, context)
  return next(url, { ...context, format })
}

/** Whether a text has what only a module may have. What TypeScript leaves out of a program does not count. */
export function isModule(source: string): boolean {
  if (!MAY_BE_MODULE.test(source)) return false
  // Most files need none of it.
  const { parse } = require('es-module-lexer/js') as typeof lexer
  try {
    const [imports, exports, , hasSyntax] = parse(source)
    const typesOnly = [...imports, ...exports].flatMap((each) => ('typeOnly' in each ? [each.typeOnly] : []))
    return hasSyntax && (typesOnly.length === 0 || typesOnly.includes(false))
  } catch {
    // It has a mistake, and Node says which: of the right kind of file.
    return BEGINS_AS_MODULE.test(source)
  }
}
