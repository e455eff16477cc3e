import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ItemSource } from '../../src/input/contract.ts'
import { openInput } from '../../src/input/input.ts'
import { streamedInput } from '../../src/input/streamed.ts'
import { descriptorsOn, inputFiles, problemOf } from './inputFiles.ts'

const files = inputFiles()

/** Items 0..size−1, and a log of what was opened and left. */
function counted(size: number) {
  const opened: number[] = []
  const log = { opened, left: 0 }
  const source: ItemSource = {
    name: 'numbers',
    async *stream(from) {
      opened.push(from)
      try {
        for (let item = from; item < size; item++) yield item
      } finally {
        log.left++
      }
    },
  }
  return { log, reader: streamedInput(source).reader() }
}

test('any ranges in any order are the ranges of the input', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(40), fc.array(fc.tuple(fc.nat(50), fc.nat(20))), fc.boolean(), async (size, ranges, atOnce) => {
      const { reader, log } = counted(size)
      const numbers = Array.from({ length: size }, (_, at) => at)
      const read = async ([from, count]: [number, number]) => reader.read(from, count)
      const found: unknown[] = atOnce ? await Promise.all(ranges.map(read)) : await Array.fromAsync(ranges, read)
      expect(found).toEqual(ranges.map(([from, count]) => numbers.slice(from, from + count)))
      await reader.close()
      expect(log.left).toBe(log.opened.length)
    }),
  )
})

test('ascending ranges, with gaps or without, use one stream', async () => {
  const { reader, log } = counted(100)
  await reader.read(10, 10)
  await reader.read(20, 10)
  await reader.read(50, 10)
  expect(log).toEqual({ opened: [10], left: 0 })
})

test('going back opens the stream anew and leaves the one before', async () => {
  const { reader, log } = counted(100)
  await reader.read(20, 10)
  expect(await reader.read(5, 2)).toEqual([5, 6])
  expect(log).toEqual({ opened: [20, 5], left: 1 })
})

test('a closed reader holds nothing, and opens again when it is asked', async () => {
  const file = files.write('reader.jsonl', '1\n2\n3\n')
  const reader = (await openInput({ kind: 'file', file }, 3)).reader()
  expect(await reader.read(0, 1)).toEqual([1])
  expect(descriptorsOn(file)).toBe(1)
  await reader.close()
  await reader.close()
  expect(descriptorsOn(file)).toBe(0)
  expect(await reader.read(1, 5)).toEqual([2, 3])
  await reader.close()
  expect(descriptorsOn(file)).toBe(0)
})

test('a failure is met by every read that reaches it, and holds none back that does not', async () => {
  const file = files.write('failing.jsonl', '1\n2\n{\n')
  const reader = (await openInput({ kind: 'file', file }, 3)).reader()
  const reads = [reader.read(0, 3), reader.read(2, 1), reader.read(0, 2), reader.read(2, 1)].map(async (read) => read)
  const failing = [reads[0]!, reads[1]!, reads[3]!].map(async (read) => (await problemOf(read)).message)
  expect(await reads[2]).toEqual([1, 2])
  for (const message of await Promise.all(failing)) expect(message).toContain('failing.jsonl:3: not JSON')
  expect(descriptorsOn(file)).toBe(0)
})

test.each([0, -1, 1.5, 2 ** 53, Number.NaN, Infinity])('a scenario cannot have %d items', async (size) => {
  const problem = await problemOf(openInput({ kind: 'generator', generator: 'uniform', seed: 1 }, size))
  expect(problem.message).toBe(`A scenario cannot have ${size} items`)
  expect(problem.exitCode).toBe(2)
})

test.each([
  ['a byte order mark and two-byte letters', 'read.csv', '\ufeffid\nZürich\n', 3 + 3 + 8],
  ['lines', 'read.jsonl', '1\n22\n', 5],
])('(case 6) the bytes of a file are counted while it is read: %s', async (_name, name, text, bytes) => {
  const counts: number[] = []
  await (await openInput({ kind: 'file', file: files.write(name, text) }, 1)).hash(1, { onBytes: (count) => counts.push(count) })
  expect(counts).toEqual([bytes])
})
