import { z } from 'zod'
import type { WireError } from './errorWire.ts'
import type { FromProcess } from './protocol.ts'

// A skill shares its process with what we run there, and so may send whatever it likes in our name.

const text = z.string().max(16_384)
const finite = z.number()
const errorLink = z.strictObject({
  name: text,
  message: text,
  stack: text,
  fields: z.record(z.string().max(100), z.union([text, z.custom<number>((value) => typeof value === 'number')])),
  ours: text.optional(),
  primitive: z.strictObject({ type: text, text }).optional(),
})
const wireError: z.ZodType<WireError> = z.array(errorLink).min(1).max(8)
const timing = z.strictObject({
  startedAt: finite,
  activeMs: finite.min(0),
  cpuMs: finite.nullable(),
  memoryPeakMb: finite.nullable(),
})
const figures = z.record(z.string(), finite).nullable()
const outcome = z.strictObject({
  result: z.string().refine((written) => written.startsWith('[') && written.endsWith(']')),
  processed: z.int().min(0),
  quality: figures,
  usage: figures,
})
const id = z.int().min(0)

const messages = {
  loaded: z.strictObject({ type: z.literal('loaded') }),
  unloadable: z.strictObject({ type: z.literal('unloadable'), error: wireError }),
  returned: z.strictObject({
    type: z.literal('returned'),
    id,
    outcome,
    itemFailures: z.array(z.tuple([z.int().min(0), wireError])).optional(),
    timing,
  }),
  threw: z.strictObject({ type: z.literal('threw'), id, error: wireError, timing }),
  log: z.strictObject({ type: z.literal('log'), batch: z.int().min(0), message: z.string(), data: z.unknown().optional() }),
  ending: z.strictObject({ type: z.literal('ending') }),
  group: z.strictObject({ type: z.literal('group'), leader: z.int().min(2), alive: z.boolean() }),
} satisfies { [T in FromProcess['type']]: z.ZodType<Extract<FromProcess, { type: T }>> }

/** What is no message of ours. `id`: of the call that it names, if it does. */
export interface BadMessage {
  type: 'bad'
  id: number | undefined
  why: string
}

/** A message as a process sent it, if it is one of ours in every part. */
export function readMessage(message: unknown): FromProcess | BadMessage {
  const { type, id: named } = typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {}
  const bad = (why: string): BadMessage => ({ type: 'bad', id: typeof named === 'number' ? named : undefined, why })
  if (typeof type !== 'string' || !Object.hasOwn(messages, type)) return bad('it is of no kind that is known here')
  const read = messages[type as FromProcess['type']].safeParse(message)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return bad(`${type}: ${['message', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'invalid'}`)
}

/** What the watchdog writes, MB; `undefined` for all else, since a skill can write there too. */
export function readResidentMb(line: string): number | undefined {
  const residentMb = /^\d{1,9}$/.test(line) ? Number(line) : 0
  return residentMb > 0 ? residentMb : undefined
}
