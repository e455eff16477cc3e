import type { BatchFact, Fact, RunFact } from '../facts.ts'
import type { RunRow } from '../store.ts'
import { mergeKept } from '../keptItems.ts'
import { batchKey, milestoneKey, type MemoryRun } from './rows.ts'
import { jsonCopy, refuseUnstorable } from './storable.ts'

const STATUSES = ['pending', 'running', 'paused', 'complete', 'failed'] as const

/**
 * Stores all facts, or none of them.
 * @throws {Error} if one cannot be stored: it is no JSON that jsonb takes, or its batch has another outcome already.
 */
export function storeFacts(run: MemoryRun, facts: readonly Fact[], nextSequence: () => number): void {
  const copies = facts.map(storableCopy)
  const fresh = new Map<string, BatchFact>()
  for (const fact of copies) {
    if (fact.kind !== 'batch') continue
    const key = batchKey(fact)
    const stored = run.batches.get(key)
    if (fresh.has(key) || (stored && !isSame(stored, fact))) throw new Error(`batch ${key} has an outcome already`)
    if (!stored) fresh.set(key, fact)
  }
  for (const fact of copies) if (fact.kind !== 'batch' || fresh.has(batchKey(fact))) storeFact(run, fact, nextSequence)
}

function storeFact(run: MemoryRun, fact: Fact, nextSequence: () => number) {
  switch (fact.kind) {
    case 'batch':
      run.batches.set(batchKey(fact), { ...fact, sequence: nextSequence() })
      break
    case 'event':
      run.events.push({ ...fact, sequence: nextSequence() })
      break
    case 'checkpoint':
      run.checkpoints.push({ ...fact, sequence: nextSequence() })
      break
    case 'snapshot':
      run.actors.set(fact.actor, { ...fact, sequence: nextSequence() })
      break
    case 'breaker':
      run.breakers.set(fact.variant, fact)
      break
    case 'kept': {
      const before = run.kept.get(batchKey(fact))
      run.kept.set(batchKey(fact), { ...(before ? mergeKept(before, fact) : fact), sequence: nextSequence() })
      break
    }
    case 'dropped':
      run.kept.delete(batchKey(fact))
      break
    case 'milestone': {
      if (!run.milestones.has(milestoneKey(fact))) run.milestones.set(milestoneKey(fact), fact)
      break
    }
    case 'run':
      run.row = changed(run.row, fact)
  }
}

/** A run starts once, and keeps its report until there is another. */
const changed = (row: RunRow, fact: RunFact): RunRow => ({
  ...row,
  status: statusOf(fact),
  reason: fact.reason,
  startedAt: row.startedAt ?? fact.startedAt,
  finishedAt: fact.finishedAt,
  report: fact.report ?? row.report,
})

function statusOf(fact: RunFact): RunRow['status'] {
  const status = STATUSES.find((known) => known === fact.status)
  if (!status) throw new RangeError(`a run cannot be ${fact.status}`)
  return status
}

function storableCopy(fact: Fact): Fact {
  if (fact.kind !== 'batch') {
    if (fact.kind === 'kept') for (const json of [fact.results, fact.errors, fact.figures]) refuseUnstorable(json)
    refuseUnstorable(JSON.stringify(fact))
    if (fact.kind === 'run') statusOf(fact)
    return jsonCopy(fact)
  }
  const { error, itemErrors, result, quality, usage, ...plain } = fact
  for (const json of [JSON.stringify(plain), error, itemErrors, result, quality, usage]) if (json !== null) refuseUnstorable(json)
  if (!(fact.items > 0)) throw new RangeError(`a batch of ${fact.items} items cannot be stored`)
  return { ...fact }
}

const isSame = (a: BatchFact, b: BatchFact) => a.startedAt === b.startedAt && a.from === b.from
