import type { BatchFact } from './facts.ts'

/** A row on its way into `batches`, with the run that it belongs to. */
export interface BatchRow {
  run: string
  fact: BatchFact
}

interface Column {
  name: string
  /** As the parameter is sent. */
  type: 'text' | 'integer' | 'bigint' | 'boolean' | 'double precision'
  value: (fact: BatchFact) => string | number | boolean | null
  /** Of the column: `null` where the migration names none. */
  initial?: string | number | boolean
  /** As the column wants it. */
  cast?: (parameter: string) => string
}

const asJson = (parameter: string) => `${parameter}::jsonb`
/** In the order in which the skill has written its keys. `json` takes NUL and halves of surrogate pairs, which nobody could read again: where a text may have any, jsonb looks at it first. */
const asWritten = (parameter: string) =>
  `case when strpos(${parameter}, '\\u') = 0 or ${parameter}::jsonb is not null then ${parameter}::json end`
const asInstant = (parameter: string) => `to_timestamp(${parameter} / 1000)`

/** Every column that the journal writes. Those that have their default in a whole flush are left out of its statement. */
export const BATCH_COLUMNS: readonly Column[] = [
  { name: 'variant', type: 'text', value: (f) => f.variant },
  { name: 'scenario', type: 'text', value: (f) => f.scenario },
  { name: 'repetition', type: 'integer', initial: 1, value: (f) => f.repetition },
  { name: 'round', type: 'integer', initial: 0, value: (f) => f.round },
  { name: 'batch', type: 'integer', value: (f) => f.batch },
  { name: 'from_item', type: 'bigint', value: (f) => f.from },
  { name: 'items', type: 'integer', value: (f) => f.items },
  { name: 'attempt', type: 'integer', initial: 1, value: (f) => f.attempt },
  { name: 'outcome', type: 'text', initial: 'ok', value: (f) => f.outcome },
  { name: 'error_class', type: 'text', value: (f) => f.errorClass },
  { name: 'error', type: 'text', value: (f) => f.error, cast: asJson },
  { name: 'item_errors', type: 'text', value: (f) => f.itemErrors, cast: asJson },
  { name: 'processed', type: 'integer', value: (f) => f.processed },
  { name: 'result', type: 'text', value: (f) => f.result, cast: asWritten },
  { name: 'quality', type: 'text', value: (f) => f.quality, cast: asJson },
  { name: 'usage', type: 'text', value: (f) => f.usage, cast: asJson },
  { name: 'warmup', type: 'boolean', initial: false, value: (f) => f.warmup },
  { name: 'started_at', type: 'double precision', value: (f) => f.startedAt, cast: asInstant },
  { name: 'active_ms', type: 'double precision', value: (f) => f.activeMs },
  { name: 'cpu_ms', type: 'double precision', value: (f) => f.cpuMs },
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
