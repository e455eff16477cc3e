import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { fingerprint, normalizePlan } from '../../src/plan.ts'
import { parseJson, parseYaml } from '../../src/plan/document.ts'
import { propertyRuns } from '../machines/propertyRuns.ts'
import { directoryWith } from './directory.ts'

/** Keys that a plan may or may not write, by whether they decide which calls are made. */
const DECIDING = {
  input: { generator: 'zipf', seed: 7, exponent: 1.5 },
  baseSize: 20,
  preset: 'classic',
  batchSize: 4,
  parallel: 3,
  sync: { mode: 'milestone', at: [25, 50], stepPct: 20 },
  repetitions: 3,
  chaos: { seed: 4, failRate: 0.1, latencyMs: 3, scenarios: ['simple'] },
}
const NOT_DECIDING = {
  expects: 'n',
  milestones: [10, 60],
  warmupBatches: 2,
  batchTimeoutMs: 800,
  graceMs: 10,
  retry: { attempts: 4, backoffMs: 5, on: ['transient'] },
  breaker: { threshold: 5, weights: { transient: 1 } },
  recovery: { attempts: 2 },
  classify: { module: './other.mjs' },
  durability: 'pipelined',
  window: 2,
  maxResultBytes: 1_000,
  workers: { max: 3 },
  shutdownMs: 20,
  secrets: ['SOME_KEY'],
  synthesize: { module: './other.mjs' },
}
const BASE = {
  name: 'any',
  variants: {
    one: { kind: 'function', module: './skill.mjs', version: 2, params: { b: 1, a: [1, { d: 2, c: 3 }] } },
    two: { kind: 'http', url: 'http://127.0.0.1/', headers: { b: '1', a: '2' }, body: { y: '${items}', x: null } },
  },
  scenarios: { simple: { size: 10, params: { d: 1, c: 2 } }, medium: { size: 20 }, complex: { size: 60, difficulty: 'hard' } },
}

const written = fc
  .record({ deciding: fc.subarray(Object.keys(DECIDING)), others: fc.subarray(Object.keys(NOT_DECIDING)) })
  .map(({ deciding, others }) => ({ ...BASE, ...only(DECIDING, deciding), ...only(NOT_DECIDING, others) }))

const only = (record: object, keys: string[]) => Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)))

/** The same in another order of keys, and with keys that are `undefined`; the order of scenarios alone means something. */
function turned(value: unknown, random: () => number, path = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => turned(each, random, `${path}.0`))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, turned(each, random, `${path}.${key}`)] as const)
  const shuffled = path === '.scenarios' ? entries : entries.toSorted(() => random() - 0.5)
  return Object.fromEntries(path === '' || path === '.sync' ? [...shuffled, ...undefinedKeys(path, value)] : shuffled)
}

const undefinedKeys = (path: string, value: object) =>
  (path === '' ? ['order', 'skill'] : ['timeoutMs']).filter((key) => !(key in value)).map((key) => [key, undefined] as const)

test('the order of keys, keys that are undefined, YAML and JSON change no fingerprint; what decides does', () => {
  const directory = directoryWith({ 'other.mjs': '' })
  const print = (plan: unknown) => fingerprint(normalizePlan(plan, { directory }), 'items')
  fc.assert(
    fc.property(
      written,
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.constantFrom(...Object.keys(DECIDING)),
      (plan, chances, key) => {
        const before = print(plan)
        const other = turned(plan, () => chances.next().value as number)
        expect(print(other)).toBe(before)
        expect(print(parseYaml(stringify(other), 'plan.yaml').value)).toBe(before)
        expect(print(parseJson(JSON.stringify(other), 'plan.json').value)).toBe(before)
        expect(print({ ...plan, ...only(NOT_DECIDING, Object.keys(NOT_DECIDING)) })).toBe(before)
        const { [key]: had, ...without } = plan as Record<string, unknown>
        const changed = had === undefined ? { ...plan, ...only(DECIDING, [key]) } : without
        expect(print(changed)).not.toBe(before)
      },
    ),
    { numRuns: Math.min(50, propertyRuns()) },
  )
})
