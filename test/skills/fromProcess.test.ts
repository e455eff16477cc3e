import { describe, expect, test } from 'vitest'
import { readMessage, readResidentMb } from '../../src/skills/fromProcess.ts'
import { batch, fixture, functionSkill, open, options } from './host.ts'
import { checkSkill } from '../../src/skills/kinds.ts'

const timing = { startedAt: 1, activeMs: 2, cpuMs: null, memoryPeakMb: 30 }
const outcome = { result: '[1]', processed: 1, quality: null, usage: { tokens: 3 } }
const link = { name: 'Error', message: 'm', stack: '', fields: { status: 503, retryAfterMs: Infinity } }

describe('messages of a process (F3)', () => {
  test.each([
    { type: 'loaded' },
    { type: 'unloadable', error: [link] },
    { type: 'returned', id: 0, outcome, timing },
    {
      type: 'threw',
      id: 7,
      error: [
        { ...link, ours: 'SKILL_LOAD' },
        { ...link, primitive: { type: 'string', text: 'text' } },
      ],
      timing,
    },
    { type: 'log', batch: 2, message: 'm', data: new Map() },
    { type: 'group', leader: 4711, alive: true },
  ])('are taken as they are: $type', (message) => {
    expect(readMessage(message)).toEqual(message)
  })

  test.each([
    ['null', null, undefined],
    ['a text', 'begun', undefined],
    ['a list', [], undefined],
    ['of a kind that an object inherits', { type: 'constructor' }, undefined],
    ['an error that is missing', { type: 'threw', id: 3 }, 3],
    ['an error that is empty', { type: 'threw', id: 3, error: [], timing }, 3],
    ['an error that is too long', { type: 'threw', id: 3, error: [{ ...link, message: 'x'.repeat(20_000) }], timing }, 3],
    ['fields that are objects', { type: 'threw', id: 3, error: [{ ...link, fields: { status: {} } }], timing }, 3],
    ['unloadable for no reason', { type: 'unloadable' }, undefined],
    ['an id that is a text', { type: 'returned', id: '3', outcome, timing }, undefined],
    ['an outcome that is missing', { type: 'returned', id: 3, timing }, 3],
    ['results that are no text', { type: 'returned', id: 3, outcome: { ...outcome, result: [1] }, timing }, 3],
    ['results that are no list', { type: 'returned', id: 3, outcome: { ...outcome, result: '{}' }, timing }, 3],
    ['a quality that is no number', { type: 'returned', id: 3, outcome: { ...outcome, quality: { a: 'x' } }, timing }, 3],
    ['half an item', { type: 'returned', id: 3, outcome: { ...outcome, processed: 0.5 }, timing }, 3],
    ['an item that failed for no reason', { type: 'returned', id: 3, outcome, itemFailures: [[0, null]], timing }, 3],
    ['a time that is none', { type: 'returned', id: 3, outcome, timing: { ...timing, activeMs: Number.NaN } }, 3],
    ['a key too many', { type: 'returned', id: 3, outcome: { ...outcome, startedAt: 0 }, timing }, 3],
    ['a log of nothing', { type: 'log', batch: 0 }, undefined],
    ['a group that is everybody', { type: 'group', leader: -1, alive: true }, undefined],
  ])('are bad: %s', (_what, message, id) => {
    expect(readMessage(message)).toEqual({ type: 'bad', id, why: expect.stringMatching(/./) })
  })

  test.each([
    ['65', 65],
    ['NaN', undefined],
    ['-5', undefined],
    ['0', undefined],
    ['1e999', undefined],
    ['', undefined],
  ])('of the watchdog: %j', (line, residentMb) => {
    expect(readResidentMb(line)).toBe(residentMb)
  })
})

test.for<[string, unknown[]]>([
  ['null', [null]],
  ['threw without its error', [{ type: 'threw', id: 0 }]],
  ['unloadable without its error', [{ type: 'unloadable' }]],
  ['unloadable though it is loaded', [{ type: 'unloadable', error: [link] }]],
  ['returned for a call that is not there', [{ type: 'returned', id: 99, outcome, timing }]],
  ['more processed than there was', [{ type: 'returned', id: 0, outcome: { ...outcome, processed: 4 }, timing }]],
  ['a failed item that is not there', [{ type: 'returned', id: 0, outcome, itemFailures: [[3, [link]]], timing }]],
  ['results beyond every limit', [{ type: 'returned', id: 0, outcome: { ...outcome, result: `["${'x'.repeat(1_000_000)}"]` }, timing }]],
  ['a process group', [{ type: 'group', leader: 4711, alive: true }]],
])('a batch whose skill sends %s fails, and the next one has a process (F3)', async ([, messages]) => {
  const { skill } = await open({ export: 'sends', scenario: { params: { messages } } })
  await expect(skill.call(batch(), options())).rejects.toMatchObject({ code: 'WORKER_MESSAGE', class: 'critical' })
  expect((await skill.call(batch(0, [5], 2), options())).result).toBe('[5]')
})

test('a logger that throws loses its line and no batch (F3)', async () => {
  const log = () => {
    throw new Error('the logger is broken')
  }
  const { skill } = await open({ export: 'told', host: { log } })
  await expect(skill.call(batch(4, [9]), options())).resolves.toMatchObject({ processed: 1 })
})

describe('a process that a signal ends while it imports the skill (F14)', () => {
  const killed = (name: string) => functionSkill({ module: fixture(name) })

  test('is tried once more, and then the signal is named and no plan is blamed', async () => {
    await expect(checkSkill(killed('killsItself.mjs'))).rejects.toMatchObject({
      code: 'SKILL_KILLED',
      exitCode: 1,
      signal: 'SIGKILL',
      message: expect.stringContaining('was ended by SIGKILL while it was imported'),
    })
  })

  test('in a run fails an attempt, not the scenario', async () => {
    const { skill } = await open(killed('killsItself.mjs'))
    await expect(skill.call(batch(), options())).rejects.toMatchObject({ code: 'SKILL_KILLED', class: 'recoverable', signal: 'SIGKILL' })
  })
})
