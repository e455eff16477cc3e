import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorChain, textField } from './errorChain.ts'

const MOST_FRAMES = 5
const MAX_FRAME = 300

/** Where our own files are: `src` or `dist`. */
const OURS = fileURLToPath(new URL('..', import.meta.url))

/**
 * The stack of an error outside of ours and of Node, nearest first, at most five: `parse (skill.mjs:3:11)`, or `skill.mjs:3:11`.
 * An error that was not thrown there has that of the first of its causes that was.
 * @param directory Files are named relative to it.
 */
export function framesOf(error: unknown, directory: string): string[] {
  for (const link of errorChain(error)) {
    const frames = stackOf(link).flatMap((line) => frameOf(line, directory) ?? [])
    if (frames.length > 0) return frames.slice(0, MOST_FRAMES)
  }
  return []
}

/** Its lines without the message, which may look like any of them. */
function stackOf(error: unknown): string[] {
  const stack = textField(error, 'stack')
  const message = textField(error, 'message')
  const begin = message === '' ? -1 : stack.indexOf(message)
  return stack.slice(begin < 0 ? 0 : begin + message.length).split('\n')
}

/** The client that makes requests for us. */
const CLIENT = `${sep}node_modules${sep}undici${sep}`

const FRAME = /^\s*at (?:async )?(?:(.*?) \()?((?:file:\/\/|\/|[A-Za-z]:\\).*?)(?:\?[^:]*)?:(\d+):(\d+)\)?$/

function frameOf(line: string, directory: string): string | null {
  const [, caller, file, row, column] = FRAME.exec(line) ?? []
  if (file === undefined) return null
  const path = pathOf(file)
  if (path === null || path.startsWith(OURS) || path.includes(CLIENT)) return null
  const place = `${relative(directory, path).split(sep).join('/')}:${row}:${column}`
  const name = caller?.replace(/^Object\./, '').replace(/ \[as .*\]$/, '')
  const frame = name === undefined || name === 'default' || name === '<anonymous>' ? place : `${name} (${place})`
  return frame.slice(0, MAX_FRAME).replaceAll('\u0000', '\ufffd').toWellFormed()
}

function pathOf(file: string): string | null {
  if (!file.startsWith('file://')) return file
  try {
    return fileURLToPath(file)
  } catch {
    return null
  }
}
