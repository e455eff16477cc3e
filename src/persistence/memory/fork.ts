import { milestoneRows } from './history.ts'
import { emptyRun, isBy, milestoneKey, type MemoryRun } from './rows.ts'

/** The run as it was at a sequence, without an owner. Rows keep their sequence, so that the copy can be forked again. */
export function forkOf(run: MemoryRun, { at, id, now }: { at: number; id: string; now: number }): MemoryRun {
  const by = isBy(at)
  const events = run.events.filter(by)
  const started = events.find((event) => event.type === 'run.started')
  const { row, ...empty } = emptyRun({ ...run.row, id }, now)
  return {
    ...empty,
    row: started ? { ...row, status: 'running', startedAt: started.at } : row,
    seenAt: events.reduce<number | null>((newest, event) => Math.max(newest ?? event.at, event.at), null),
    actors: new Map([...run.actors].filter(([, actor]) => by(actor))),
    batches: new Map([...run.batches].filter(([, batch]) => by(batch))),
    kept: new Map([...run.kept].filter(([, kept]) => by(kept))),
    checkpoints: run.checkpoints.filter(by),
    milestones: new Map(milestoneRows(run, at).map((milestone) => [milestoneKey(milestone), milestone])),
    events,
    requests: run.requests.filter(by),
  }
}
