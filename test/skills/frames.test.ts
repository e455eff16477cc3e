import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeError } from '../../src/skills/errorClass.ts'
import { packError, unpackError } from '../../src/skills/errorWire.ts'
import { framesOf } from '../../src/skills/frames.ts'

const OURS = fileURLToPath(new URL('../../src/skills/serve.ts', import.meta.url))

function thrown(message: string, frames: string[], options?: ErrorOptions): Error {
  const error = new Error(message, options)
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return error
}

test.each<[string, string[], string[]]>([
  ['a function of a module', ['parse (file:///plan/skill.mjs:3:11)'], ['parse (skill.mjs:3:11)']],
  ['no function', ['file:///plan/skill.mjs:3:11'], ['skill.mjs:3:11']],
  ['CommonJS', ['Object.<anonymous> (/plan/lib/skill.cjs:3:11)'], ['lib/skill.cjs:3:11']],
  [
    'async, methods, constructors',
    ['async Model.ask (/plan/m.ts:1:2)', 'new Model (/plan/m.ts:9:1)'],
    ['Model.ask (m.ts:1:2)', 'new Model (m.ts:9:1)'],
  ],
  ['a name that another gave it', ['Object.skill [as run] (file:///plan/skill.mjs:5:16)'], ['skill (skill.mjs:5:16)']],
  ['blanks and a query in the name of the file', ['f (file:///plan/my%20skill.mjs?v=1:3:11)'], ['f (my skill.mjs:3:11)']],
  ['files beside the plan', ['f (/other/skill.mjs:3:11)'], ['f (../other/skill.mjs:3:11)']],
  [
    'packages of the user',
    ['f (/plan/node_modules/zod/index.js:1:1)', '/plan/skill.mjs:2:2'],
    ['f (node_modules/zod/index.js:1:1)', 'skill.mjs:2:2'],
  ],
  [
    'not Node, not ours, nothing native',
    ['node:internal/process:1:1', `serve (${OURS}:1:1)`, 'Array.map (<anonymous>)', 'f (/plan/a.mjs:1:1)'],
    ['f (a.mjs:1:1)'],
  ],
  ['at most five', Array.from({ length: 9 }, (_, i) => `/plan/a.mjs:${i + 1}:1`), [1, 2, 3, 4, 5].map((i) => `a.mjs:${i}:1`)],
])('frames: %s (first hour 6)', (_what, stack, frames) => {
  expect(framesOf(thrown('no', stack), '/plan')).toEqual(frames)
})

test('a message that looks like a stack is none', () => {
  expect(framesOf(thrown('no\n    at f (/plan/fake.mjs:1:1)', ['g (/plan/real.mjs:2:2)']), '/plan')).toEqual(['g (real.mjs:2:2)'])
})

test('one that was not thrown in the files of the user has the frames of its cause', () => {
  const cause = thrown('refused', ['ask (/plan/client.mjs:7:3)'])
  expect(framesOf(thrown('no', [`serve (${OURS}:1:1)`], { cause }), '/plan')).toEqual(['ask (client.mjs:7:3)'])
})

test.each([['a text'], [null], [{ stack: 7 }], [Object.create(null)]])('%j has none', (what) => {
  expect(framesOf(what, '/plan')).toEqual([])
})

test('they cross from a worker process, and are part of the record (first hour 6)', () => {
  const error = unpackError(packError(thrown('no', ['f (/plan/a.mjs:1:1)'])))
  expect(describeError(error, { at: 1, attempt: 1, directory: '/plan' })).toMatchObject({ message: 'no', frames: ['f (a.mjs:1:1)'] })
  expect(describeError(error, { at: 1, attempt: 1 })).not.toHaveProperty('frames')
})
