import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync, type BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../persistence/embedded/home.ts'
import type { InputSpec } from '../plan.ts'

type FileInput = Extract<InputSpec, { kind: 'file' }>

/** Bytes. To read a smaller file takes no time to speak of. */
const SMALLEST = 2n ** 20n

/**
 * How long a file must have been at rest before it is read. Two changes within one step of a file system's clock leave the same times behind,
 * so the second could pass unseen: the longest step is that of FAT, 2 s. (Git calls such an entry of its index racy.)
 */
const AT_REST_NS = 3_000_000_000n

/** The oldest are forgotten. */
const MOST = 100

type Look = (path: string, options: { bigint: true }) => Promise<BigIntStats>

interface Kept {
  file: string
  hash: string
}

/**
 * Hashes of the items of large files, kept in one small file, so that an unchanged input is read once and not at every start.
 * Whatever is wrong with that file, its hashes are not used, and the inputs are read again.
 */
export class KeptHashes {
  readonly #directory: string
  readonly #path: string
  readonly #program: string

  readonly #look: Look

  /** @param program Its version. Another one may read other items out of the same file. */
  constructor(directory: string, program: string, look: Look = stat) {
    this.#directory = directory
    this.#path = join(directory, 'inputs.json')
    this.#program = program
    this.#look = look
  }

  /**
   * Returns the hash of the first `count` items: as it was kept if the file is the one that was read then, else what `read` makes of it.
   * @throws whatever `read` throws. Nothing is kept then.
   */
  async hashOf(input: FileInput, count: number, read: () => Promise<string>): Promise<string> {
    const begun = BigInt(Date.now()) * 1_000_000n
    const file = await this.#fileNow(input.file)
    if (!file || file.size < SMALLEST) return read()
    const key = JSON.stringify([input, count])
    const kept = this.#entries()[key]
    if (kept?.file === file.identity) return kept.hash
    const hash = await read()
    const isAtRest = begun - file.changed >= AT_REST_NS
    if (isAtRest && (await this.#fileNow(input.file))?.identity === file.identity) await this.#keep(key, { file: file.identity, hash })
    return hash
  }

  #entries(): Record<string, Kept> {
    try {
      const [sum, text = ''] = readFileSync(this.#path, 'utf8').split('\n')
      return sum === this.#sumOf(text) ? (JSON.parse(text) as Record<string, Kept>) : {}
    } catch {
      return {}
    }
  }

  /** Read, changed and written without a pause, so that inputs which are read at the same time do not take each other's place. */
  async #keep(key: string, kept: Kept) {
    try {
      await makeDirectory(this.#directory)
      const others = Object.entries(this.#entries()).filter(([other]) => other !== key)
      const text = JSON.stringify(Object.fromEntries([...others.slice(1 - MOST), [key, kept]]))
      writeFileSync(`${this.#path}.new`, `${this.#sumOf(text)}\n${text}\n`, { mode: 0o600 })
      renameSync(`${this.#path}.new`, this.#path)
    } catch {
      // A directory that cannot be written to, a full disk: the input is read again next time.
    }
  }

  /** Which file it is, and when it changed last, ns. `undefined`: whoever reads it finds out why. */
  async #fileNow(path: string) {
    const found = await this.#look(path, { bigint: true }).catch(() => undefined)
    if (!found) return undefined
    const { dev, ino, size, mtimeNs, ctimeNs } = found
    return { size, changed: mtimeNs > ctimeNs ? mtimeNs : ctimeNs, identity: [dev, ino, size, mtimeNs, ctimeNs].join(' ') }
  }

  #sumOf(text: string): string {
    return createHash('sha256').update(`${this.#program}\n${text}`).digest('hex')
  }
}
