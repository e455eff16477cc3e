import { init, parse, type Import } from 'es-module-lexer'

/** A file that a module names. `require`: found as CommonJS finds it. */
export interface NamedFile {
  specifier: string
  by: 'import' | 'require'
}

const LITERAL = `(?:'[^'\\n]*'|"[^"\\n]*"|\`[^\`$]*\`)`
const BEFORE_URL = new RegExp(`\\bnew\\s+URL\\(\\s*(${LITERAL})\\s*,\\s*$`)
const AFTER_DIRECTORY = new RegExp(`^\\s*(?:,|\\+)\\s*(${LITERAL}(?:\\s*,\\s*${LITERAL})*)`)
const IN_TEMPLATE = /^\}([^`$]*)`/
const ANY_IMPORT = new RegExp(`\\b(?:from|import)\\s*\\(?\\s*(${LITERAL})`, 'g')
const ANY_URL = new RegExp(`\\bnew\\s+URL\\(\\s*(${LITERAL})\\s*,\\s*import\\.meta\\.url`, 'g')
const WRITES = /\b(?:append|write)File|createWriteStream|\bopen(?:Sync)?\(|\bDatabase(?:Sync)?\(/
const BEFORE_READ = /\b(?:read\w*|createReadStream)\(\s*(?:(?:[\w$]+\.)?(?:join|resolve|fileURLToPath)\(\s*)*[`\s]*(?:\$\{)?$/
const SCRIPT = /\.[cm]?[jt]sx?$/
const REQUIRE_NAMES = /([\w$]+)\s*=\s*(?:[\w$]+\.)?createRequire\(/g

/**
 * The files that a module names with literals, as its text says: relative ones, and `#…` of its package. Types are left out.
 * `import`, `export … from`, `import()`, `require`, `createRequire`, and what is joined to `import.meta.url`, `import.meta.dirname` or `__dirname`.
 */
export async function importsIn(source: string): Promise<NamedFile[]> {
  await init()
  const named = [...imported(source), ...required(source), ...besideDirname(source)]
  return named.filter(({ specifier }) => /^(\.{1,2}\/|\/|file:|#)/.test(specifier))
}

function imported(source: string): NamedFile[] {
  let imports: readonly Import[]
  try {
    imports = parse(source)[0]
  } catch {
    // Not for us to say what is wrong with it: whoever loads it does.
    return [...source.matchAll(ANY_IMPORT), ...source.matchAll(ANY_URL)].map(([, text]) => byImport(unquoted(text!)))
  }
  return imports.flatMap((found) => {
    if (found.type === 'import-meta') return besideModule(source, found)
    if (found.type === 'dynamic') return found.specifier === undefined || found.glob ? [] : byImport(found.specifier)
    return found.typeOnly ? [] : byImport(found.specifier)
  })
}

function besideModule(source: string, { start, end }: Import): NamedFile[] {
  const after = /^\s*\.(\w+)([^\n]{0,500})/.exec(source.slice(end, end + 600))
  if (after?.[1] === 'url') {
    const [whole, text] = BEFORE_URL.exec(source.slice(Math.max(0, start - 500), start)) ?? []
    if (whole === undefined || text === undefined) return []
    return unlessWritten(source, start - whole.length, [byImport(relative(unquoted(text)))])
  }
  if (after?.[1] === 'resolve') {
    const [, text] = new RegExp(`^\\(\\s*(${LITERAL})`).exec(after[2]!) ?? []
    return text === undefined ? [] : [byImport(unquoted(text))]
  }
  return after?.[1] === 'dirname' ? unlessWritten(source, start, joined(after[2]!)) : []
}

function required(source: string): NamedFile[] {
  const names = ['require', ...[...source.matchAll(REQUIRE_NAMES)].map(([, name]) => name!.replaceAll('$', '\\$'))]
  const calls = new RegExp(`(?<![\\w$.])(?:${names.join('|')}|createRequire\\([^)]*\\))(?:\\.resolve)?\\(\\s*(${LITERAL})`, 'g')
  return [...source.matchAll(calls)].map(([, text]) => ({ specifier: unquoted(text!), by: 'require' }))
}

const besideDirname = (source: string): NamedFile[] =>
  [...source.matchAll(/\b__dirname\b/g)].flatMap(({ index }) =>
    unlessWritten(source, index, joined(source.slice(index + '__dirname'.length, index + 500))),
  )

/** What follows the name of the directory: `, 'a', 'b'` or `+ '/a'`, or the rest of a template. */
function joined(after: string): NamedFile[] {
  const [, literals] = AFTER_DIRECTORY.exec(after) ?? []
  const text = literals?.match(new RegExp(LITERAL, 'g'))?.map(unquoted).join('/') ?? IN_TEMPLATE.exec(after)?.[1]
  return text ? [{ specifier: `./${text.replace(/^\/+/, '')}`, by: 'require' }] : []
}

/** In a module that writes files, data counts only where it is read on the spot: what a skill writes itself is no part of it. */
function unlessWritten(source: string, at: number, named: NamedFile[]): NamedFile[] {
  if (!WRITES.test(source) || BEFORE_READ.test(source.slice(Math.max(0, at - 200), at))) return named
  return named.filter(({ specifier }) => SCRIPT.test(specifier))
}

const byImport = (specifier: string): NamedFile => ({ specifier, by: 'import' })

/** For `new URL`, `prompt.md` is as good as `./prompt.md`. */
const relative = (url: string) => (/^([a-z]+:|\/|\.{1,2}\/)/i.test(url) ? url : `./${url}`)

const unquoted = (text: string) => text.slice(1, -1)
