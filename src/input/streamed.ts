import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { InputTooShortError } from '../errors.ts'
import type { Input, ItemReader, ItemSource } from './contract.ts'

/** Items after which signals and timers have their turn: a module may hold all of its items already, and never wait. */
const BREATH = 1_000

/** The input over a source that can only be read from its beginning towards its end. */
export function streamedInput(source: ItemSource): Input {
  return {
    items: (from, to) => take(source, from, to - from),
    reader: () => streamReader(source),
    async hash(count, { onItems, onBytes, signal } = {}) {
      const sum = createHash('sha256')
      let found = 0
      for await (const item of take(source, 0, count, onBytes)) {
        sum.update(`${JSON.stringify(item)}\n`)
        found++
        onItems?.(found)
        if (found % BREATH === 0) await setImmediate()
        signal?.throwIfAborted()
      }
      if (found < count) throw new InputTooShortError(source.name, found, count)
      return sum.digest('hex')
    },
  }
}

async function* take(source: ItemSource, from: number, count: number, onBytes?: (count: number) => void): AsyncGenerator {
  if (count <= 0) return
  let left = count
  for await (const item of source.stream(from, onBytes)) {
    yield item
    if (--left === 0) return
  }
}

function streamReader(source: ItemSource): ItemReader {
  let open: AsyncIterator<unknown> | null = null
  let next = 0
  let last: Promise<unknown> = Promise.resolve()

  /** One after another, and none held back by the failure of one before it. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
  const release = async () => {
    const leaving = open
    open = null
    await leaving?.return?.()
  }
  const pull = async (iterator: AsyncIterator<unknown>) => {
    try {
      return await iterator.next()
    } catch (error) {
      open = null
      throw error
    }
  }
  const readNow = async (from: number, count: number) => {
    if (open !== null && from < next) await release()
    if (open === null) {
      open = source.stream(from)[Symbol.asyncIterator]()
      next = from
    }
    const stream = open
    const items: unknown[] = []
    for (; next < from + count; next++) {
      const step = await pull(stream)
      if (step.done === true) break
      if (next >= from) items.push(step.value)
    }
    return items
  }
  return {
    read: (from, count) => inTurn(() => readNow(from, count)),
    close: () => inTurn(release),
  }
}
