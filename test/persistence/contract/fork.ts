import { expect, test } from 'vitest'
import { RunExistsError } from '../../../src/errors.ts'
import type { Fact } from '../../../src/persistence/facts.ts'
import { AT, batch, checkpoint, event, failedBatch, milestone, runFact, snapshot, stateOf } from './facts.ts'
import { newRun, round, runWith, seen, type Contract } from './subject.ts'

/** A run as it was at a sequence, under another id. */
export function forkContract(contract: Contract) {
  test('a fork at each sequence is the run as it was then', async () => {
    const { store } = contract
    const run = await store.create(newRun({ name: 'forked', plan: { name: 'forked' }, planVersion: 7, skillVersions: { default: '2' } }))
    const steps: Fact[][] = [
      [event({ type: 'made', at: AT })],
      [event({ type: 'run.started', at: AT + 1 }), runFact({ startedAt: AT + 1 })],
      [batch({ batch: 0, from: 0, warmup: true })],
      [failedBatch({ batch: 1, from: 10, cpuMs: 2 }), event({ type: 'batch.failed', at: AT + 2 })],
      [
        checkpoint({ milestonePct: 30, at: AT + 3, snapshot: { version: 1, ...stateOf(1) } }),
        event({ type: 'milestone.reached', at: AT + 3 }),
      ],
      [milestone({ pct: 30, reachedAt: AT + 3, releasedAt: AT + 5 }), event({ type: 'barrier.released', at: AT + 5 })],
      [batch({ round: 2, batch: 0, from: 10 }), batch({ batch: 2, from: 20 })],
      [checkpoint({ milestonePct: 50, at: AT + 6, snapshot: { version: 1, ...stateOf(2) } })],
      [milestone({ pct: 50, reachedAt: AT + 7, releasedAt: null, outcome: null }), event({ type: 'milestone.reached', at: AT + 7 })],
      [event({ type: 'run.finished', at: AT + 8 }), runFact({ status: 'complete', startedAt: null, finishedAt: AT + 8, report: { n: 1 } })],
    ]
    const moments: { at: number; past: Awaited<ReturnType<typeof seen>> }[] = []
    const remember = async () => moments.push({ at: await store.lastSequence(run.id), past: await seen(store, run.id) })
    for (const facts of steps) {
      await store.journal.append(run, facts)
      await remember()
    }
    await store.journal.append(run, [snapshot()])
    const request = await store.request(run.id, { type: 'run.restart', scenario: 'small', variant: null, fresh: true })
    await remember()
    await store.journal.append(run, [event({ type: 'request.answered', at: AT + 9, data: { request } })])
    await remember()
    expect(moments.map(({ past }) => past.milestones.length)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    expect(moments.map(({ past }) => past.actors.length)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2])
    expect(moments.map(({ past }) => past.requests.length)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])

    for (const [i, { at, past }] of moments.entries()) {
      expect(await store.actors(run.id, at)).toEqual(past.actors)
      expect(await store.batchesFrom(run.id, round(), 0, at)).toEqual(past.batches)
      expect(await store.milestones(run.id, at)).toEqual(past.milestones)
      const { id } = newRun()
      const row = await store.fork(run.id, { at, id })
      const { name, plan, fingerprint, skillVersions } = run.row
      const rest = { reason: null, epoch: 0, owner: null, finishedAt: null, report: null }
      const start = i === 0 ? { status: 'pending', startedAt: null } : { status: 'running', startedAt: AT + 1 }
      expect(row).toEqual({ id, name, plan, planVersion: 7, fingerprint, skillVersions, ...rest, ...start, createdAt: row.createdAt })
      expect(row.createdAt).toBeGreaterThanOrEqual(run.row.createdAt)
      expect(await store.get(id)).toEqual(row)
      expect(await seen(store, id)).toEqual({ ...past, requests: [] })
    }
  })

  test('what a run was asked and had not answered yet is not asked of its fork', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    await store.journal.append(run, [event({ type: 'run.started' })])
    const answered = await store.request(run.id, { type: 'run.pause', scenario: null, variant: null, fresh: false })
    await store.journal.append(run, [event({ type: 'request.answered', data: { request: answered, refusal: null } })])
    const open = await store.request(run.id, { type: 'run.cancel', scenario: null, variant: null, fresh: false })
    const { id } = newRun()
    await new Promise((resolve) => setTimeout(resolve, 2))
    await store.fork(run.id, { at: open, id })
    expect(await store.requests(id)).toEqual([])
    expect((await store.events(id, 0)).map(({ type }) => type)).toEqual(['run.started', 'request.made', 'request.answered', 'request.made'])
    const earlier = newRun().id
    await store.fork(run.id, { at: answered, id: earlier })
    expect(await store.requests(earlier)).toEqual([])
    expect(await store.requests(run.id)).toHaveLength(1)
  })

  test('a fork is a run of its own: free, and apart from the first', async () => {
    const { store } = contract
    const other = await contract.another()
    const run = await runWith(contract, [batch(), event({ at: AT + 3 }), event({ at: AT + 2 })])
    const before = await seen(store, run.id)
    const { id } = newRun()
    await store.fork(run.id, { at: before.lastSequence, id })
    expect(await other.isHeld(id)).toBe(false)

    const fork = await other.take(id)
    expect(fork).toMatchObject({ id, epoch: 1, seenAt: AT + 3 })
    await other.journal.append(fork, [batch({ batch: 1, from: 10 }), event({ data: { fork: true } }), runFact()])
    expect(await seen(store, run.id)).toEqual(before)
    await store.journal.append(run, [batch({ batch: 1, from: 10, startedAt: AT + 9 })])
    expect((await store.batchesFrom(id, round(), 0)).map((b) => b.startedAt)).toEqual([AT, AT])

    const second = newRun().id
    await other.fork(id, { at: await other.lastSequence(id), id: second })
    expect(await seen(store, second)).toEqual(await seen(store, id))
    for (const taken of [run.id, id, second]) {
      await expect(store.fork(run.id, { at: before.lastSequence, id: taken })).rejects.toThrow(RunExistsError)
    }
    expect(await seen(store, second)).toEqual(await seen(store, id))
    await fork.release()
  })
}
