import { SKILL_FILES } from '../facts.ts'
import type { ConfirmedSpan, StoredEvent } from '../store.ts'
import { storedEvent } from './history.ts'
import { byBytes, type MemoryRun } from './rows.ts'

export const skillEventsOf = (run: MemoryRun): StoredEvent[] => run.events.filter(({ type }) => type === SKILL_FILES).map(storedEvent)

export function confirmedSpansOf(run: MemoryRun, sequences: readonly number[]): ConfirmedSpan[] {
  const confirmed = [...run.batches.values()].filter(({ outcome }) => outcome === 'ok')
  const first = confirmed.reduce((least, { round }) => Math.min(least, round), Infinity)
  const later = confirmed.filter(({ round, itemErrors }) => round > first && itemErrors === null)
  const spans = new Map<string, ConfirmedSpan>()
  for (const b of confirmed) {
    const isReplaced = later.some(
      (n) =>
        n.variant === b.variant &&
        n.scenario === b.scenario &&
        n.repetition === b.repetition &&
        n.round > b.round &&
        n.from <= b.from &&
        n.from + n.items >= b.from + b.items,
    )
    if (isReplaced || b.processed === 0) continue
    const span = sequences.filter((sequence) => sequence < b.sequence).length
    spans.set(JSON.stringify([b.variant, b.scenario, span]), { variant: b.variant, scenario: b.scenario, span })
  }
  return [...spans.values()].sort((a, b) => byBytes(a.variant, b.variant) || byBytes(a.scenario, b.scenario) || a.span - b.span)
}
