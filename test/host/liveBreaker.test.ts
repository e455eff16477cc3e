import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openTroupe, type StoredEvent } from '../../src/index.ts'
import { CLOSED, type Moment } from '../machines/breakerSequences.ts'

const module = fileURLToPath(new URL('./fixtures/scripted.mjs', import.meta.url))

const outcomeOf = ([, event]: Moment) =>
  event.type === 'call.failed' && event.generation === 0
    ? event.class
    : event.type === 'call.succeeded' && event.generation === 0
      ? 'success'
      : undefined

/** Those in which each call follows the one before, whenever that is, and the last one opens it. */
const sequences = CLOSED.filter(
  ({ spec, moments }) =>
    spec.options.windowMs === null &&
    spec.options.slowCallMs === null &&
    moments.at(-1)![2] === 'open' &&
    moments.every((moment) => outcomeOf(moment) && (moment === moments.at(-1) || moment[2] === 'closed')),
)

test('there are sequences that a run can live through', () => {
  expect(sequences.length).toBeGreaterThan(4)
})

test.each(sequences)('live: $name', async ({ spec, moments }) => {
  // Were it called again before its cooldown is over, it would succeed, and be seen.
  const script = ['success', ...moments.map(outcomeOf), 'success', 'success']
  await using troupe = await openTroupe({ database: 'memory' })
  const { windowMs: _ms, windowCount, slowCallMs: _slow, ...options } = spec.options
  const run = await troupe.start({
    name: 'scripted',
    skill: { kind: 'function', module, isolation: 'inline', params: { script: script as string[] } },
    scenarios: { only: { size: script.length, batchSize: 1, errorTolerance: 1 } },
    retry: { attempts: 1 },
    breaker: { ...options, ...(windowCount !== null && { windowCount }) },
  })
  const events: StoredEvent[] = []
  for await (const event of run.events()) {
    events.push(event)
    if (event.type === 'scenario.paused') await run.cancel()
  }
  const opened = events.filter(({ type }) => type === 'breaker.opened')
  const [, , , { sum }] = moments.at(-1)!
  expect(opened.map(({ data }) => data)).toEqual([expect.objectContaining({ sum: expect.closeTo(sum, 9), from: 'closed' })])
  expect(opened[0]!.data.probeAt).toBe(opened[0]!.at + spec.options.cooldownMs)
  expect(await run.result()).toMatchObject({
    reason: 'cancelled',
    scenarios: [{ batches: moments.length + 1, pausedMs: { breaker: expect.any(Number) } }],
  })
})
