import { expect, test } from 'vitest'
import { eventText } from '../../src/cli/eventText.ts'

const text = (data: Record<string, unknown>) => eventText({ actor: 'default/only', type: 'items.failed', data })

test.for<[string, Record<string, unknown>, string]>([
  ['nothing', {}, 'default/only items.failed'],
  ['numbers are rounded, inside objects too', { usage: { itemMsTotal: 78.31438700000001 } }, 'usage (itemMsTotal 78.314)'],
  [
    'an object can break at its words',
    { members: { 'default/a': 'running', 'default/b': null } },
    'members (default/a running, default/b null)',
  ],
  ['a list of objects', { ranges: [[0, 10.00049], { to: 3 }] }, 'ranges 0 10 (to 3)'],
  ['an empty list', { missing: [] }, 'missing none'],
  [
    'of an error its message and class',
    { batch: 3, error: { name: 'ItemError', message: 'no\nkey', class: 'critical', attempt: 1, frames: ['at x'], cause: { a: 1 } } },
    'batch 3, error ItemError: no key (critical)',
  ],
  ['an error that says nothing', { error: {} }, 'error '],
  ['a long text', { reason: 'x'.repeat(161) }, `reason ${'x'.repeat(159)}…`],
  ['a text that just fits', { reason: 'x'.repeat(160) }, `reason ${'x'.repeat(160)}`],
  ['a long list', { numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }, 'numbers 1 2 3 4 5 6 7 8 9 10 and 2 more'],
])('%s', ([, data, words]) => {
  expect(text(data).replace('default/only items.failed: ', '')).toBe(words)
})
