import { expect, test } from 'vitest'
import { PlanError } from '../../src/errors.ts'
import { normalizePlan } from '../../src/plan.ts'
import { directoryWith } from './directory.ts'

const normal = (written: object) => normalizePlan({ name: 'x', skill: './skill.mjs', ...written }, { directory: directoryWith() })

function problems(written: object): string[] {
  try {
    normal(written)
  } catch (error) {
    if (error instanceof PlanError) return error.problems.map(({ path, message }) => `${path}: ${message}`)
    throw error
  }
  return []
}

const classes = 'one of "critical", "recoverable", "transient", "ignored"'

test.each<[string, object, string[]]>([
  [
    'both windows',
    { breaker: { windowMs: 1_000, windowCount: 10 } },
    ['breaker.windowCount: found beside windowMs, expected one of the two'],
  ],
  [
    'a cooldown above its cap',
    { breaker: { cooldownMs: 300_001 } },
    ['breaker.cooldownMs: found 300001, expected at most maxCooldownMs, 300000'],
  ],
  ['a slip in a weight', { breaker: { weights: { criticl: 1 } } }, ['breaker.weights.criticl: unknown key; did you mean critical?']],
  ['a weight below 0', { breaker: { weights: { transient: -1 } } }, ['breaker.weights.transient: found -1, expected a number ≥ 0']],
  ['no threshold', { breaker: { threshold: 0 } }, ['breaker.threshold: found 0, expected a number > 0']],
  ['more recovery than there is', { recovery: { attempts: 3 } }, ['recovery.attempts: found 3, expected a whole number from 0 to 2']],
  [
    'rates above 1',
    { chaos: { failRate: 0.5, hangRate: 0.3, crashRate: 0.3 } },
    ['chaos: found failRate, hangRate and crashRate that sum up to 1.1, expected at most 1'],
  ],
  ['one rate above 1', { chaos: { failRate: 2 } }, ['chaos.failRate: found 2, expected a number from 0 to 1']],
  [
    'a scenario that there is none of',
    { chaos: { scenarios: ['simple', 'meduim'] } },
    ['chaos.scenarios[1]: found "meduim", expected one of simple, medium, complex; did you mean medium?'],
  ],
  [
    'the least latency after the most',
    { chaos: { latencyMs: [9, 3] } },
    ['chaos.latencyMs: found 9 as the least and 3 as the most, expected the least first'],
  ],
  [
    'half a latency',
    { chaos: { latencyMs: [1] } },
    ['chaos.latencyMs: found [1], expected a whole number ≥ 0, or a list of two of them, the least first'],
  ],
  [
    'a class of chaos',
    { chaos: { failClass: 'transcient' } },
    [`chaos.failClass: found "transcient", expected ${classes}; did you mean transient?`],
  ],
  ['classify as a text', { classify: './skill.mjs' }, ['classify: found "./skill.mjs", expected an object with module, export']],
  ['classify without a module', { classify: { export: 'classify' } }, ['classify.module: missing, expected a non-empty string']],
])('%s', (_title, written, expected) => {
  expect(problems(written)).toEqual(expected)
})

test('a breaker that is neither options nor false', () => {
  expect(problems({ breaker: true })).toEqual([
    expect.stringMatching(/^breaker: found true, expected false, or an object with threshold, /),
  ])
})

test('a module of classify that is not there is named with the nearest that is', () => {
  expect(problems({ classify: { module: './skil.mjs' } })).toEqual([
    expect.stringMatching(/^classify\.module: found "\.\/skil\.mjs", expected a file: there is none at .*; did you mean skill\.mjs\?$/),
  ])
})

test('no breaker', () => {
  expect(normal({ breaker: false }).breaker).toBeNull()
})

test('a breaker keeps the defaults of what it does not say', () => {
  const { breaker } = normal({ breaker: { threshold: 5, weights: { transient: 1 }, windowCount: 20, slowCallMs: 500 } })
  expect(breaker).toMatchObject({ threshold: 5, cooldownMs: 30_000, windowMs: null, windowCount: 20, slowCallMs: 500 })
  expect(breaker!.weights).toEqual({ critical: 1, recoverable: 1, transient: 1, ignored: 0, slow: 0.5 })
})

test('chaos is complete once it is on', () => {
  expect(normal({ chaos: { failRate: 0.3 } }).chaos).toEqual({
    seed: 1,
    failRate: 0.3,
    failClass: 'transient',
    latencyMs: [0, 0],
    hangRate: 0,
    crashRate: 0,
    scenarios: null,
  })
  expect(normal({ chaos: { latencyMs: 20 } }).chaos!.latencyMs).toEqual([20, 20])
  expect(normal({ chaos: { latencyMs: [5, 20], scenarios: ['medium'] } }).chaos).toMatchObject({
    latencyMs: [5, 20],
    scenarios: ['medium'],
  })
})

test('rates that are 1 as they are written, though their sum as binary fractions is more', () => {
  expect(0.33 + 0.56 + 0.11).toBeGreaterThan(1)
  expect(problems({ chaos: { failRate: 0.33, hangRate: 0.56, crashRate: 0.11 } })).toEqual([])
})
