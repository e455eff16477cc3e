import { relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Json, PlanOverrides, Written } from './model.ts'

/** @param plan Valid, and without functions. */
export function writtenOf(plan: unknown, overrides: PlanOverrides): Written {
  // Whatever is `undefined` is not written.
  const json = JSON.parse(JSON.stringify({ plan, overrides })) as Pick<Written, 'plan' | 'overrides'>
  const { $schema: _editors, ...own } = json.plan
  return { ...json, plan: own, scenarios: keysOf(own.scenarios), variants: keysOf(own.variants) }
}

const keysOf = (value: Json | undefined) => (isRecord(value) ? Object.keys(value) : null)

/** A path as it is the same wherever the plan lies: relative to it, with forward slashes. */
export function localPath(directory: string, written: string): string {
  const absolute = resolve(directory, written.startsWith('file:///') ? fileURLToPath(written) : written)
  return relative(directory, absolute).split(sep).join('/')
}

export const isRecord = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
