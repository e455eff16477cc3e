import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, relative, resolve } from 'node:path'
import { SkillLoadError } from '../errors.ts'
import { type CommandSkill, parseTemplate } from '../plan.ts'

/**
 * Looks for the program that a list begins with, as the system will.
 *
 * @returns its path; `null` where that cannot be told before a batch: for the shell, or with a template in it or in PATH.
 * @throws {SkillLoadError} if there is none, or it may not be executed.
 */
export async function programOf({ command, cwd, env }: CommandSkill): Promise<string | null> {
  const name = typeof command === 'string' ? undefined : plain(command[0]!)
  const path = env.PATH === undefined ? (process.env.PATH ?? '') : plain(env.PATH)
  if (name === undefined || path === undefined) return null
  const isPath = /[/\\]/.test(name)
  const places = isPath ? [resolve(cwd, name)] : path.split(delimiter).flatMap((directory) => names(resolve(cwd, directory, name)))
  let refused: string | undefined
  for (const place of places) {
    // In turn: the first that may be executed is the one.
    // oxlint-disable-next-line no-await-in-loop
    const state = await stateOf(place)
    if (state === 'executable') return place
    if (state === 'refused') refused ??= place
  }
  if (refused !== undefined) {
    throw new SkillLoadError(`The command cannot be started: ${refused} may not be executed`, {
      hint: `Make it executable: chmod +x ${refused}`,
    })
  }
  throw new SkillLoadError(`The command cannot be started: there is no program ${isPath ? places[0] : `"${name}" on PATH`}`, {
    hint: 'Give the path of the program, relative to cwd and with a slash in it (./score.sh), or the name of one that is on PATH',
  })
}

/** @returns sha256, hex, of the first file beneath `cwd` that a list names: its program, or a script among its arguments. '' if there is none. */
export async function hashProgram({ command, cwd }: CommandSkill): Promise<string> {
  if (typeof command === 'string') return ''
  for (const [i, text] of command.entries()) {
    const name = plain(text)
    // A program without a slash is looked for on PATH, not here.
    if (name === undefined || name === '' || (i === 0 && !/[/\\]/.test(name))) continue
    const path = resolve(cwd, name)
    const way = relative(cwd, path)
    // oxlint-disable-next-line no-await-in-loop
    if (way === '' || way.startsWith('..') || isAbsolute(way) || !(await isFile(path))) continue
    // oxlint-disable-next-line no-await-in-loop
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return ''
}

/** The text of a template without places. */
function plain(text: string): string | undefined {
  const { parts } = parseTemplate(text)
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined
}

const names = (path: string) =>
  process.platform === 'win32' ? [path, ...(process.env.PATHEXT ?? '.EXE;.CMD;.BAT').split(';').map((end) => path + end)] : [path]

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )

async function stateOf(path: string): Promise<'missing' | 'refused' | 'executable'> {
  if (!(await isFile(path))) return 'missing'
  return access(path, constants.X_OK).then(
    () => 'executable' as const,
    () => 'refused' as const,
  )
}
