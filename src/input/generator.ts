import { createHash } from 'node:crypto'
import { InputError } from '../errors.ts'
import type { InputSpec } from '../plan.ts'
import type { Input, ItemReader } from './contract.ts'
import { randomBySeed } from './random.ts'
import { zipf } from './zipf.ts'

export type GeneratorSpec = Extract<InputSpec, { kind: 'generator' }>

/** `value` is in [0, 1) of `uniform`, u² of that for `skewed`, a rank ≥ 1 for `zipf`. */
export interface GeneratedItem {
  index: number
  value: number
}

interface GeneratorInput extends Input {
  reader(): GeneratorReader
}

/** Never waits: what a scenario with a fast skill is busy with. */
interface GeneratorReader extends ItemReader {
  read(from: number, count: number): GeneratedItem[]
}

/** Of `zipf`, where the plan gives none. */
const DEFAULT_EXPONENT = 1.1

/** Grows whenever the same parameters would give other items, so that a stored run is never continued with them. */
const ALGORITHM = 1

/**
 * Items made from seed and index alone: item i is the same in every scenario, process and order of reading.
 * @throws {InputError} if seed or exponent are impossible.
 */
export function generatorInput(spec: GeneratorSpec): GeneratorInput {
  const valueAt = values(spec)
  const read = (from: number, count: number) => {
    const items: GeneratedItem[] = []
    for (let index = from; index < from + count; index++) items.push({ index, value: valueAt(index) })
    return items
  }
  return {
    async *items(from, to) {
      for (let index = from; index < to; index++) yield { index, value: valueAt(index) }
    },
    reader: () => ({ read, close: async () => {} }),
    hash: async (count) =>
      createHash('sha256')
        .update(JSON.stringify({ algorithm: ALGORITHM, ...parameters(spec), count }))
        .digest('hex'),
  }
}

function values(spec: GeneratorSpec): (index: number) => number {
  const { generator, seed, exponent } = parameters(spec)
  const random = randomBySeed(seed)
  if (generator === 'zipf') return zipf(random, exponent)
  return generator === 'skewed' ? (index) => random(index, 0) ** 2 : (index) => random(index, 0)
}

function parameters({ generator, seed, exponent = DEFAULT_EXPONENT }: GeneratorSpec) {
  if (!Number.isSafeInteger(seed)) {
    throw new InputError(`The seed of the ${generator} generator is ${seed}`, 'Give a whole number between −2⁵³ and 2⁵³')
  }
  if (generator !== 'zipf') return { generator, seed, exponent: DEFAULT_EXPONENT }
  if (!(exponent > 0 && exponent < Infinity)) {
    throw new InputError(`The exponent of the zipf generator is ${exponent}`, 'Give a number above 0, such as 1.1')
  }
  return { generator, seed, exponent }
}
