import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, relative, resolve } from 'node:path'
import { SkillLoadError } from '../errors.ts'
import { type CommandSkill, parseTemplate } from '../plan.ts'
import { inputs, shellWords, withinWord } from './commandWords.ts'
import { isFile } from './programFiles.ts'

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

/**
 * The files that a command names, relative to `cwd`: its program, scripts, what else is among its words. Those come first that are words of a
 * list and beneath `cwd`. Programs outside of it, which belong to the machine, are left out.
 */
export async function filesOf({ command, cwd }: CommandSkill): Promise<string[]> {
  // A program without a slash is looked for on PATH, not here.
  const list = typeof command === 'string' ? [] : command.map((text, i) => (i === 0 && !/[/\\]/.test(text) ? undefined : plain(text)))
  const words = typeof command === 'string' ? shellWords(parseTemplate(command).parts) : inputs(list.map((word) => word ?? ''))
  const [whole, within] = await Promise.all([named(words, cwd), named(words.flatMap(deeper), cwd)])
  const all = [...new Set([...whole, ...within])]
  return [...all.filter((path) => isBeneath(path, cwd)), ...all.filter((path) => !isBeneath(path, cwd))]
}

const deeper = (word: string): string[] => withinWord(word).flatMap((inner) => [inner, ...withinWord(inner)])

async function named(words: readonly string[], cwd: string): Promise<string[]> {
  const found = await Promise.all(
    words.map(async (word) => {
      const path = resolve(cwd, word)
      return (!isAbsolute(word) || isBeneath(path, cwd)) && (await isFile(path)) ? path : null
    }),
  )
  return found.filter((path) => path !== null)
}

function isBeneath(path: string, cwd: string): boolean {
  const way = relative(cwd, path)
  return way !== '' && way !== '..' && !/^\.\.[/\\]/.test(way) && !isAbsolute(way)
}

/** The text of a template without places. */
function plain(text: string): string | undefined {
  const { parts } = parseTemplate(text)
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined
}

const names = (path: string) =>
  process.platform === 'win32' ? [path, ...(process.env.PATHEXT ?? '.EXE;.CMD;.BAT').split(';').map((end) => path + end)] : [path]

async function stateOf(path: string): Promise<'missing' | 'refused' | 'executable'> {
  if (!(await isFile(path))) return 'missing'
  return access(path, constants.X_OK).then(
    () => 'executable' as const,
    () => 'refused' as const,
  )
}
