import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GeneratedItem, generatorInput, type GeneratorSpec } from '../../src/input/generator.ts'
import { randomBySeed, threefry } from '../../src/input/random.ts'
import { ZIPF_RANKS, zipf } from '../../src/input/zipf.ts'

const values = (spec: Omit<GeneratorSpec, 'kind'>, count: number, from = 0) =>
  generatorInput({ kind: 'generator', ...spec })
    .reader()
    .read(from, count)
    .map(({ value }) => value)

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

/** The 99.9 % quantile of χ², by Wilson & Hilferty: within 0.1 % of the tables from 3 degrees of freedom on. */
const critical = (degrees: number) => degrees * (1 - 2 / (9 * degrees) + 3.0902 * Math.sqrt(2 / (9 * degrees))) ** 3

const chiSquare = (found: readonly number[], expected: readonly number[]) =>
  found.reduce((sum, count, cell) => sum + (count - expected[cell]!) ** 2 / expected[cell]!, 0)

/** Of the 64 bits of an answer, the upper 27 of the first word and the upper 26 of the second make the number. */
const number = (first: number, second: number) => Number((BigInt(first >>> 5) << 26n) | BigInt(second >>> 6)) / 2 ** 53

describe('threefry', () => {
  // The three answers for "threefry2x32 20" that Random123 publishes in its kat_vectors; the last one is made of digits of π.
  test.each([
    { key: [0, 0], counter: [0, 0], answer: [0x6b200159, 0x99ba4efe] },
    { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], answer: [0x1cb996fc, 0xbb002be7] },
    { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], answer: [0xc4923a9c, 0x483df7a0] },
  ])('gives the published answer for the key $key', ({ key, counter, answer }) => {
    expect(threefry(key[0]!, key[1]!, counter[0]!, counter[1]!)).toBe(number(answer[0]!, answer[1]!))
  })

  test('a counter beyond 32 bits and an attempt are both heard', () => {
    const random = randomBySeed(7)
    const numbers = [random(5, 0), random(5 + 2 ** 32, 0), random(5, 1), random(5 + 2 ** 32, 1), random(2 ** 53 - 1, 2047)]
    expect(new Set(numbers).size).toBe(5)
  })

  test('seeds that differ only beyond 32 bits, or in sign, give different numbers', () => {
    const seeds = [1, -1, 1 + 2 ** 32, 1 - 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0]
    expect(new Set(seeds.map((seed) => randomBySeed(seed)(0, 0))).size).toBe(seeds.length)
  })
})

describe('distributions', () => {
  test.each([1, 2, 77])('uniform fills 100 cells evenly (seed %i)', (seed) => {
    const found = Array.from({ length: 100 }, () => 0)
    const drawn = values({ generator: 'uniform', seed }, 200_000)
    for (const value of drawn) found[Math.floor(value * 100)]! += 1
    expect(
      chiSquare(
        found,
        found.map(() => 2_000),
      ),
    ).toBeLessThan(critical(99))
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true)
  })

  test('neighbours are not correlated: in index, nor in seed', () => {
    const count = 100_000
    const drawn = values({ generator: 'uniform', seed: 1 }, count + 1)
    const other = values({ generator: 'uniform', seed: 2 }, count)
    // Of two independent uniform numbers: mean 1/4, variance 1/9 − 1/16 = 7/144.
    const bound = 4 * Math.sqrt(7 / 144 / count)
    const products = (second: readonly number[]) => mean(second.map((value, at) => drawn[at]! * value))
    expect(Math.abs(products(drawn.slice(1)) - 1 / 4)).toBeLessThan(bound)
    expect(Math.abs(products(other) - 1 / 4)).toBeLessThan(bound)
  })

  test('skewed is u²: E = 1/3, E[v²] = 1/5, half of it below 1/4', () => {
    const count = 200_000
    const drawn = values({ generator: 'skewed', seed: 3 }, count)
    // Var[u²] = 1/5 − 1/9, Var[u⁴] = 1/9 − 1/25.
    expect(Math.abs(mean(drawn) - 1 / 3)).toBeLessThan(4 * Math.sqrt((1 / 5 - 1 / 9) / count))
    expect(Math.abs(mean(drawn.map((value) => value ** 2)) - 1 / 5)).toBeLessThan(4 * Math.sqrt((1 / 9 - 1 / 25) / count))
    expect(Math.abs(drawn.filter((value) => value < 1 / 4).length / count - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 4 / count))
  })

  test('skewed is the square of uniform, item by item', () => {
    const uniform = values({ generator: 'uniform', seed: 5 }, 100)
    expect(values({ generator: 'skewed', seed: 5 }, 100)).toEqual(uniform.map((value) => value * value))
  })

  test.each([0.1, 0.5, 1, 1.000000001, 1.1, 2, 5])('zipf with exponent %d has the probabilities of the harmonic sum', (exponent) => {
    const count = 100_000
    const weights = Array.from({ length: ZIPF_RANKS }, (_, at) => (at + 1) ** -exponent)
    const total = weights.reduceRight((sum, weight) => sum + weight, 0)
    const expected: number[] = []
    const cellOf = new Uint16Array(ZIPF_RANKS + 1)
    let share = 0
    for (const [at, weight] of weights.entries()) {
      cellOf[at + 1] = expected.length
      share += (weight / total) * count
      // Cells of at least 1 % or, in the steep head, one rank; the last takes what is left.
      const left = count - share - expected.reduce((sum, cell) => sum + cell, 0)
      if ((share >= count / 100 && left >= count / 100) || (expected.length < 10 && share >= 10 && left >= 10)) {
        expected.push(share)
        share = 0
      }
    }
    expected.push(share)

    const found = expected.map(() => 0)
    for (const rank of values({ generator: 'zipf', seed: 11, exponent }, count)) found[cellOf[rank]!]! += 1
    expect(expected.length).toBeGreaterThan(3)
    expect(chiSquare(found, expected)).toBeLessThan(critical(expected.length - 1))
  })

  test('zipf gives whole ranks from 1 to a million for any exponent above 0', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), fc.maxSafeInteger(), (exponent, seed) => {
        const strange = values({ generator: 'zipf', seed, exponent }, 20).filter(
          (rank) => !(Number.isInteger(rank) && rank >= 1 && rank <= ZIPF_RANKS),
        )
        expect(strange).toEqual([])
      }),
    )
  })

  test.each([1e-9, 0.5, 1, 1.1, 3, 40, 1e6, 1e300])('zipf with exponent %d gives a rank at both ends of the random numbers', (exponent) => {
    const ranks = [0, 2 ** -53, 0.5, 1 - 2 ** -53].map((number) => zipf((_index, attempt) => (attempt === 0 ? number : 0.9), exponent)(0))
    expect(ranks.every((rank) => Number.isInteger(rank) && rank >= 1 && rank <= ZIPF_RANKS)).toBe(true)
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
    expect(ranks[0]).toBe(1)
  })

  test('zipf so steep that rank 2 is never seen gives 1', () => {
    expect(new Set(values({ generator: 'zipf', seed: 1, exponent: 80 }, 10_000))).toEqual(new Set([1]))
  })
})

describe('items', () => {
  const generators = fc.record({
    kind: fc.constant('generator' as const),
    generator: fc.constantFrom('uniform', 'skewed', 'zipf'),
    seed: fc.maxSafeInteger(),
  })

  test('every range is the same piece of one sequence, whatever was read before', async () => {
    await fc.assert(
      fc.asyncProperty(generators, fc.nat(1_000), fc.nat(50), fc.nat(50), async (spec, from, count, more) => {
        const input = generatorInput(spec)
        const whole = generatorInput(spec)
          .reader()
          .read(0, from + count + more)
        const reader = input.reader()
        reader.read(from + more, count)
        expect(reader.read(from, count)).toEqual(whole.slice(from, from + count))
        expect(await Array.fromAsync(input.items(from, from + count))).toEqual(whole.slice(from, from + count))
      }),
      { numRuns: 60 },
    )
  })

  test('carry their index', () => {
    const read: GeneratedItem[] = generatorInput({ kind: 'generator', generator: 'uniform', seed: 1 }).reader().read(40, 2)
    expect(read.map(({ index }) => index)).toEqual([40, 41])
  })

  // Stored runs are continued with these items: a change of them needs a new ALGORITHM in generator.ts.
  test('of seed 1 stay what they are', () => {
    expect(values({ generator: 'uniform', seed: 1 }, 3)).toEqual([0.7039437263423627, 0.05771496279395527, 0.01011522487349703])
    expect(values({ generator: 'zipf', seed: 1 }, 3)).toEqual([1235, 1, 1])
  })
})

const hash = (spec: Omit<GeneratorSpec, 'kind'>, count = 100) => generatorInput({ kind: 'generator', ...spec }).hash(count)

describe('hash', () => {
  test('tells generators, seeds, exponents and counts apart', async () => {
    const hashes = await Promise.all([
      hash({ generator: 'uniform', seed: 1 }),
      hash({ generator: 'uniform', seed: 2 }),
      hash({ generator: 'skewed', seed: 1 }),
      hash({ generator: 'zipf', seed: 1 }),
      hash({ generator: 'zipf', seed: 1, exponent: 2 }),
      hash({ generator: 'uniform', seed: 1 }, 101),
    ])
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is the same for the same items: the default exponent written out, an exponent that is not used', async () => {
    expect(await hash({ generator: 'zipf', seed: 1, exponent: 1.1 })).toBe(await hash({ generator: 'zipf', seed: 1 }))
    expect(await hash({ generator: 'uniform', seed: 1, exponent: 3 })).toBe(await hash({ generator: 'uniform', seed: 1 }))
  })

  test('costs nothing, however many items there are', async () => {
    expect(await hash({ generator: 'zipf', seed: 1 }, Number.MAX_SAFE_INTEGER)).toMatch(/^[0-9a-f]{64}$/)
  })
})

test.each([
  [{ generator: 'uniform', seed: 1.5 } as const, 'The seed of the uniform generator is 1.5'],
  [{ generator: 'zipf', seed: 1, exponent: 0 } as const, 'The exponent of the zipf generator is 0'],
  [{ generator: 'zipf', seed: 1, exponent: Number.NaN } as const, 'The exponent of the zipf generator is NaN'],
])('impossible parameters are refused: %o', (spec, message) => {
  expect(() => generatorInput({ kind: 'generator', ...spec })).toThrow(message)
})
