import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { InputError } from '../errors.ts'

const CHUNK_BYTES = 64 * 1024
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Beyond this a line or a record is a missing line break or quote, not an item. In characters. */
export const LONGEST_ITEM = 16 * 1024 * 1024

/**
 * The text of a file in pieces, without a byte order mark. The file is closed when the stream ends or is left.
 * @param onBytes Told how many have been read.
 * @throws {InputError} if the file cannot be read, or is no UTF-8: with the line.
 */
export async function* readText(file: string, onBytes?: (count: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let read = 0
  for await (const bytes of readBytes(file)) {
    onBytes?.((read += bytes.length))
    yield await decode(file, () => decoder.decode(bytes, { stream: true }))
  }
  const rest = await decode(file, () => decoder.decode())
  if (rest !== '') yield rest
}

/**
 * @returns the line, counted from 1, on which the first byte from `offset` on lies that is no line break.
 * @param offset In bytes of the text, not counting a byte order mark.
 */
export async function lineAt(file: string, offset: number): Promise<number> {
  let line = 1
  let position = 0
  let before = 0
  for await (const text of readText(file)) {
    for (const byte of Buffer.from(text)) {
      const isBreak = byte === LINE_FEED || byte === CARRIAGE_RETURN
      if (position >= offset && !isBreak) return line
      if (isBreak && !(byte === LINE_FEED && before === CARRIAGE_RETURN)) line++
      before = byte
      position++
    }
  }
  return line
}

/** @throws {InputError} if there is no such file, it is a directory, or may not be read. */
async function* readBytes(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => Promise.reject(unreadable(file, error)))
  try {
    for (;;) {
      const { buffer, bytesRead } = await handle
        .read({ buffer: new Uint8Array(CHUNK_BYTES) })
        .catch((error) => Promise.reject(unreadable(file, error)))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

function unreadable(file: string, error: NodeJS.ErrnoException): InputError {
  const cause = { cause: error }
  switch (String(error.code)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InputError(`There is no input file ${file}`, 'Check the path: a relative one starts at the directory of the plan', cause)
    case 'EISDIR':
      return new InputError(`The input file ${file} is a directory`, 'Name one file, .jsonl or .csv', cause)
    case 'EACCES':
    case 'EPERM':
      return new InputError(`The input file ${file} may not be read by this user`, 'Give this user the right to read it', cause)
    default:
      return new InputError(`The input file ${file} cannot be read: ${error.message}`, 'Check the file and the disk it is on', cause)
  }
}

async function decode(file: string, text: () => string): Promise<string> {
  try {
    return text()
  } catch (cause) {
    throw new InputError(`${file}:${await firstBrokenLine(file)}: not UTF-8`, 'Save the file as UTF-8', { cause })
  }
}

async function firstBrokenLine(file: string): Promise<number> {
  let line = 1
  let pieces: Uint8Array[] = []
  for await (const bytes of readBytes(file)) {
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      pieces.push(bytes.subarray(start, end))
      if (!isUtf8(Buffer.concat(pieces))) return line
      pieces = []
      line++
      start = end + 1
    }
    pieces.push(bytes.subarray(start))
  }
  return line
}
