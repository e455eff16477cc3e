import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { InputTooShortError } from '../errors.ts'
import { openInput } from '../input/input.ts'
import type { InputSpec, Plan } from '../plan.ts'
import { during, type Say } from '../waiting.ts'
import { KeptHashes } from './keptHashes.ts'
import { version } from './version.ts'

export interface HashingInputs {
  /** Told what takes its time. */
  say?: Say | undefined
  /** Ends it, with its reason. */
  signal?: AbortSignal | undefined
  /** Directory for the hashes of large files, so that they are not read again. Default: they are. */
  keepIn?: string | undefined
}

/** Scenarios that read the same input share one pass over it: the larger begins with the smaller one's items. */
export async function hashInputs(plan: Plan, options: HashingInputs = {}): Promise<string> {
  const sizes = new Map<string, { spec: InputSpec; size: number }>()
  const isDefault = plan.written?.scenarios === null
  for (const { input, size } of plan.scenarios) {
    const key = JSON.stringify(input)
    sizes.set(key, { spec: input, size: Math.max(size, sizes.get(key)?.size ?? 0) })
  }
  const hashes = await Promise.all(
    [...sizes.values()].map(({ spec, size }) =>
      hashInput(spec, size, options).catch((error: unknown) => {
        if (!(error instanceof InputTooShortError)) throw error
        const { name } = plan.scenarios.find((scenario) => scenario.size === size && sameInput(scenario.input, spec))!
        throw new InputTooShortError(error.input, error.found, size, { name, isDefault })
      }),
    ),
  )
  return hashes.join(' ')
}

const sameInput = (one: InputSpec, other: InputSpec) => JSON.stringify(one) === JSON.stringify(other)

async function hashInput(spec: InputSpec, size: number, { say, signal, keepIn }: HashingInputs): Promise<string> {
  const read = { items: 0, bytes: 0 }
  const onItems = (items: number) => void (read.items = items)
  const onBytes = (bytes: number) => void (read.bytes = bytes)
  const hash = async () => (await openInput(spec, size)).hash(size, { onItems, onBytes, signal })
  if (spec.kind === 'generator') return hash()
  const whole = { items: size, bytes: spec.kind === 'file' ? await bytesIn(spec.file) : 0 }
  const kept = keepIn === undefined || spec.kind !== 'file' ? undefined : new KeptHashes(keepIn, version())
  return during(
    say,
    () => `reading ${nameOfInput(spec)}: ${share(read, whole)}`,
    () => (kept && spec.kind === 'file' ? kept.hashOf(spec, size, hash) : hash()),
  )
}

const bytesIn = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  )

export const nameOfInput = (spec: { kind: 'file'; file: string } | { kind: 'module'; module: string }) =>
  relative(process.cwd(), spec.kind === 'file' ? spec.file : spec.module)

const MB = 1_000_000

interface Amount {
  items: number
  bytes: number
}

/** A scenario that is smaller than its file has all its items before the file is at its end. */
function share(read: Amount, whole: Amount): string {
  const items = `${count(read.items)} of ${count(whole.items)} items`
  return whole.bytes < MB ? items : `${count(read.bytes / MB)} of ${count(whole.bytes / MB)} MB, ${items}`
}

const count = (number: number) => Math.round(number).toLocaleString('en')
