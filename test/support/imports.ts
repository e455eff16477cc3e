import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'

/** A source file: its path from the root of the tree, with slashes, and its text. */
export interface Source {
  path: string
  text: string
}

export interface Import {
  from: string
  to: string
  /** Gone when it is compiled. */
  typeOnly: boolean
}

export function readTree(root: string, folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }))
}

/** `import … from`, `export … from`, and `import` for effect alone: each with what it names, if anything. */
const STATIC = /^[ \t]*(?:import|export)\b(?<names>[^'";]*?)\bfrom\s*'(?<named>[^']+)'|^[ \t]*import\s*'(?<effect>[^']+)'/gms
const DYNAMIC = /\b(?<type>typeof\s+)?import\(\s*'(?<path>[^']+)'/g

/** The imports within the tree; packages are not among them. */
export function importsOf({ path, text }: Source): Import[] {
  const code = text.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/^\s*\/\/.*$/gm, '')
  const written = [...code.matchAll(STATIC)].map(({ groups }) => ({
    to: (groups!.named ?? groups!.effect)!,
    typeOnly: isTypeOnly(groups!.names),
  }))
  const dynamic = [...code.matchAll(DYNAMIC)].map(({ groups }) => ({ to: groups!.path!, typeOnly: groups!.type !== undefined }))
  return [...written, ...dynamic]
    .filter(({ to }) => to.startsWith('.'))
    .map(({ to, typeOnly }) => ({ from: path, to: posix.join(posix.dirname(path), to), typeOnly }))
}

function isTypeOnly(names: string | undefined): boolean {
  if (names === undefined) return false
  if (/^\s*type\b(?!\s*,)/.test(names)) return true
  const braces = /^\s*\{(?<inside>.*)\}\s*$/s.exec(names)?.groups?.inside
  const specifiers = (braces ?? '').split(',').filter((name) => name.trim() !== '')
  return specifiers.length > 0 && specifiers.every((name) => /^\s*type\s/.test(name))
}

/** The rings of imports that remain when types are gone, each from the first of its files in the alphabet. */
export function cyclesIn(imports: readonly Import[]): string[][] {
  const next = Map.groupBy(
    imports.filter((i) => !i.typeOnly),
    ({ from }) => from,
  )
  const cycles = new Map<string, string[]>()
  const done = new Set<string>()
  const walk = (file: string, way: string[]) => {
    const at = way.indexOf(file)
    if (at >= 0) {
      const ring = way.slice(at)
      const first = ring.indexOf(ring.toSorted()[0]!)
      const turned = [...ring.slice(first), ...ring.slice(0, first)]
      cycles.set(turned.join(), turned)
      return
    }
    if (done.has(file)) return
    for (const { to } of next.get(file) ?? []) walk(to, [...way, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return [...cycles.values()]
}
