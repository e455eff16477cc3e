import type { BatchFact } from './facts.ts'

/** A row on its way into `batches`, with the run that it belongs to. */
export type BatchRow = BatchFact & { run: string }

interface Column {
  name: string
  /** As the parameter is sent. */
  type: 'text' | 'integer' | 'bigint' | 'boolean' | 'double precision'
  value: (row: BatchRow) => string | number | boolean | null
  /** As the column wants it. */
  cast?: (parameter: string) => string
}

const asJson = (parameter: string) => `${parameter}::jsonb`
const asInstant = (parameter: string) => `to_timestamp(${parameter} / 1000)`

/** Every column that the journal writes. Those that are null in a whole flush are left out of its statement. */
export const BATCH_COLUMNS: readonly Column[] = [
  { name: 'run', type: 'text', value: (r) => r.run },
  { name: 'variant', type: 'text', value: (r) => r.variant },
  { name: 'scenario', type: 'text', value: (r) => r.scenario },
  { name: 'repetition', type: 'integer', value: (r) => r.repetition },
  { name: 'round', type: 'integer', value: (r) => r.round },
  { name: 'batch', type: 'integer', value: (r) => r.batch },
  { name: 'from_item', type: 'bigint', value: (r) => r.from },
  { name: 'items', type: 'integer', value: (r) => r.items },
  { name: 'attempt', type: 'integer', value: (r) => r.attempt },
  { name: 'outcome', type: 'text', value: (r) => r.outcome },
  { name: 'error_class', type: 'text', value: (r) => r.errorClass },
  { name: 'error', type: 'text', value: (r) => r.error, cast: asJson },
  { name: 'processed', type: 'integer', value: (r) => r.processed },
  { name: 'result', type: 'text', value: (r) => r.result, cast: asJson },
  { name: 'quality', type: 'text', value: (r) => r.quality, cast: asJson },
  { name: 'usage', type: 'text', value: (r) => r.usage, cast: asJson },
  { name: 'warmup', type: 'boolean', value: (r) => r.warmup },
  { name: 'started_at', type: 'double precision', value: (r) => r.startedAt, cast: asInstant },
  { name: 'active_ms', type: 'double precision', value: (r) => r.activeMs },
  { name: 'cpu_ms', type: 'double precision', value: (r) => r.cpuMs },
]

/** A PostgreSQL array literal, so that no type has to be asked for at the start of a connection. */
export function arrayLiteral(values: readonly (string | number | boolean | null)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (i > 0) literal += ','
    literal += value === null ? 'NULL' : typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
  }
  return `${literal}}`
}
