import { expect, test } from 'vitest'
import { chaosText } from '../../src/plan.ts'

const calm = { seed: 7, failRate: 0, failClass: 'critical', latencyMs: [0, 0], hangRate: 0, crashRate: 0, scenarios: null } as const

test.each([
  [{}, 'no call fails; in all scenarios; seed 7'],
  [{ failRate: 0.125, latencyMs: [20, 20] }, 'of all calls 12.5 % fail (critical); 20 ms latency; in all scenarios; seed 7'],
  [
    { hangRate: 0.1, crashRate: 0.001, latencyMs: [0, 9], scenarios: ['a', 'b'] },
    'of all calls 10 % never answer, 0.1 % lose their process or connection; 0 to 9 ms latency; in a, b; seed 7',
  ],
] as const)('%j', (changes, text) => {
  const { latencyMs, scenarios, ...rest } = { ...calm, ...changes }
  expect(chaosText({ ...rest, latencyMs: [...latencyMs], scenarios: scenarios && [...scenarios] })).toBe(text)
})
