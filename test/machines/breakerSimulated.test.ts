import { expect, test } from 'vitest'
import { simulateEvents } from '../../src/machines/breakerSimulation.ts'
import { CLOSED, type Moment } from './breakerSequences.ts'

/** A call of the first generation, as the simulator's command line writes it; `undefined`: it cannot say that. */
function written([, event]: Moment): string | undefined {
  if (event.type === 'call.failed' && event.generation === 0) return event.class
  return event.type === 'call.succeeded' && event.generation === 0 && event.permit === null ? 'success' : undefined
}

const sequences = CLOSED.filter(({ spec, moments }) => spec.options.slowCallMs === null && moments.every((moment) => written(moment)))

test('there are sequences that the simulator can play', () => {
  expect(sequences.length).toBeGreaterThan(6)
})

test.each(sequences)('simulated: $name', ({ spec, moments }) => {
  const list = moments.flatMap((moment, i) => [`wait:${moment[0] - (moments[i - 1]?.[0] ?? 0)}`, written(moment)!])
  const { steps } = simulateEvents(list.join(','), spec.options, { proven: true })
  const calls = steps.filter(({ event }) => !event.startsWith('wait'))
  expect(calls.map(({ atMs, state, sum, probeAtMs }) => ({ atMs, state, sum, probeAtMs }))).toEqual(
    moments.map(([at, , state, { sum, probeAt = null }]) => ({ atMs: at, state, sum: expect.closeTo(sum, 9), probeAtMs: probeAt })),
  )
})
