import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SkillLoadError } from '../../src/errors.ts'
import { openClassify } from '../../src/host/classify.ts'
import type { Classify, PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

const module = fileURLToPath(new URL('./fixtures/flaky.mjs', import.meta.url))
const NO_PLAN = { classify: null }

/** A function of a plan, and what it makes the runtime say. */
async function opened(given: unknown) {
  const warnings: string[] = []
  const classify = await openClassify(NO_PLAN, { classify: given as Classify }, (message) => warnings.push(message))
  return { classify: classify!, warnings }
}

test('a plan without one leaves all to the usual rules', async () => {
  expect(await openClassify(NO_PLAN, {}, () => {})).toBeUndefined()
})

test.each(['critical', 'recoverable', 'transient', 'ignored'] as const)('%s is taken', async (found) => {
  const { classify, warnings } = await opened(() => found)
  expect(classify(new Error('x'))).toBe(found)
  expect(warnings).toEqual([])
})

test.each([undefined, null])('%s leaves it to the usual rules, and nothing is said', async (found) => {
  const { classify, warnings } = await opened(() => found)
  expect(classify(new Error('x'))).toBeUndefined()
  expect(warnings).toEqual([])
})

test.each<[string, unknown, string]>([
  ['another word', () => 'fatal', 'classify returned fatal, which is no error class: the usual rules decide'],
  ['a number', () => 4, 'classify returned 4, which is no error class: the usual rules decide'],
  ['a promise', async () => 'critical', 'classify returned a promise, which is no error class: the usual rules decide'],
  // Nobody else hears of it: unheard, it would end the process.
  [
    'a promise that fails',
    () => Promise.reject(new Error('late')),
    'classify returned a promise, which is no error class: the usual rules decide',
  ],
  [
    'what it throws',
    () => {
      throw new TypeError('no code')
    },
    'classify threw no code: the usual rules decide',
  ],
])('%s decides nothing, and is said once', async (_title, given, message) => {
  const { classify, warnings } = await opened(given)
  expect([classify(new Error('x')), classify(new Error('y'))]).toEqual([undefined, undefined])
  expect(warnings).toEqual([message])
})

const plan: PlanInput = {
  name: 'classified',
  skill: { kind: 'function', module, isolation: 'inline' },
  scenarios: { only: { size: 20, errorTolerance: 1 } },
  retry: { attempts: 2, backoffMs: 0 },
  breaker: false,
}

async function reportOf(more: Partial<PlanInput>) {
  const warnings: { data: object; message: string }[] = []
  const logger = { info() {}, warn: (data: object, message: string) => void warnings.push({ data, message }) }
  await using troupe = await openTroupe({ database: 'memory', logger })
  const run = await troupe.start({ ...plan, ...more }, { id: 'run' })
  const [scenario] = (await run.result()).scenarios
  return { scenario: scenario!, warnings }
}

// By the usual rules a code of its own is recoverable, which is not tried again: 2 batches of 10 fail at their first attempt.
test('a run without it does not try again what nothing marks as transient', async () => {
  const { scenario } = await reportOf({})
  expect(scenario).toMatchObject({ items: 0, itemsFailed: 20, retries: 0, errors: { byClass: { recoverable: 2, transient: 0 } } })
})

test.each<[string, Partial<PlanInput>]>([
  ['a function', { classify: (error: unknown) => (String(error).includes('not now') ? 'transient' : undefined) }],
  ['an export of a module', { classify: { module, export: 'classify' } }],
])('%s decides what a run tries again', async (_title, more) => {
  const { scenario } = await reportOf(more)
  expect(scenario).toMatchObject({ items: 20, itemsFailed: 0, retries: 2, errors: { byClass: { recoverable: 0, transient: 2 } } })
})

test('one that is of no use is named once in a run', async () => {
  const { scenario, warnings } = await reportOf({ classify: () => 'fatal' as 'critical' })
  expect(scenario).toMatchObject({ errors: { byClass: { recoverable: 2 } } })
  expect(warnings).toEqual([{ data: { run: 'run' }, message: 'classify returned fatal, which is no error class: the usual rules decide' }])
})

test.each([
  ['missing', `${module} has no export "missing"; it exports `],
  ['table', `${module}: its export "table" is an object, not a function`],
])('a run whose export %s cannot be called is refused before anything is stored', async (name, message) => {
  await using troupe = await openTroupe({ database: 'memory' })
  const refused = await troupe.start({ ...plan, classify: { module, export: name } }, { id: 'run' }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(SkillLoadError)
  expect(refused).toMatchObject({
    message: expect.stringContaining(message),
    exitCode: 2,
    hint: expect.stringContaining('(error) => class'),
  })
  expect(await troupe.list()).toEqual([])
})
