import { expect, test } from 'vitest'
import { OwnershipLostError, RunExistsError, RunHeldError, RunNotFoundError } from '../../../src/errors.ts'
import { AT, AWKWARD, batch, checkpoint, event, milestone, runFact, snapshot } from './facts.ts'
import { newRun, seen, type Contract } from './subject.ts'

/** The runs themselves, and who may write to them. */
export function runsContract(contract: Contract) {
  test('a new run is pending, and belongs to this process', async () => {
    const { store } = contract
    const plan = { name: AWKWARD, nested: { list: [1, null, 'ü'] } }
    const made = newRun({ name: AWKWARD, plan, planVersion: 2, skillVersions: { [AWKWARD]: '1', other: null } })
    const run = await store.create(made)

    expect(run).toMatchObject({ id: made.id, epoch: 1, seenAt: run.now })
    const owner = { host: expect.any(String), pid: process.pid, since: expect.any(Number), seenAt: expect.any(Number) }
    const rest = { status: 'pending', reason: null, epoch: 1, startedAt: null, finishedAt: null, report: null }
    expect(await store.get(made.id)).toEqual({ ...made, ...rest, owner, createdAt: run.row.createdAt })
    expect(run.row).toMatchObject({ ...made, ...rest, owner })
    expect(Math.abs(run.row.createdAt - run.now)).toBeLessThan(60_000)
    expect(await store.isHeld(made.id)).toBe(true)
  })

  test('there is nothing where there is no run', async () => {
    const { store } = contract
    const { id } = newRun()
    expect(await store.get(id)).toBeNull()
    expect(await store.isHeld(id)).toBe(false)
    await expect(store.take(id)).rejects.toThrow(RunNotFoundError)
    await expect(store.fork(id, { at: 1, id: newRun().id })).rejects.toThrow(RunNotFoundError)
    expect(await store.isHeld(id)).toBe(false)
    expect(await seen(store, id)).toEqual({
      events: [],
      batches: [],
      results: [],
      actors: [],
      checkpoints: [],
      milestones: [],
      sums: [],
      unconfirmed: { ranges: [[0, 100]], more: null, confirmed: 0 },
      requests: [],
      lastSequence: 0,
    })
  })

  test('a run that is held is refused to everybody, its own process included', async () => {
    const { store } = contract
    const other = await contract.another()
    const made = newRun()
    await store.create(made)
    const attempts = [() => store.take(made.id), () => other.take(made.id), () => store.create(made), () => other.create(made)]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toThrow(RunHeldError)
      await expect(attempt()).rejects.toThrow(`process ${process.pid} on `)
    }
    expect(await store.get(made.id)).toMatchObject({ epoch: 1, owner: { pid: process.pid } })
    expect(await other.isHeld(made.id)).toBe(true)
  })

  test('who has a run is told with its last sign of life, and the time of now (newcomer 2: 1)', async () => {
    const { store } = contract
    const other = await contract.another()
    const made = newRun()
    expect(await store.holder(made.id)).toBeNull()
    const run = await store.create(made)
    for (const each of [store, other]) {
      const holder = await each.holder(made.id)
      expect(holder).toMatchObject({ owner: { host: expect.any(String), pid: process.pid, since: run.now } })
      expect(holder!.owner!.seenAt).toBeGreaterThanOrEqual(run.now)
      expect(holder!.now).toBeGreaterThanOrEqual(holder!.owner!.seenAt)
    }
    await run.release()
    expect([await store.holder(made.id), await other.holder(made.id)]).toEqual([null, null])
  })

  test('an ended run that is taken again names who has it (newcomer 2: 3)', async () => {
    const { store } = contract
    const other = await contract.another()
    const run = await store.create(newRun())
    await store.journal.append(run, [runFact({ status: 'complete', finishedAt: AT })])
    await run.release({ ended: true })
    const again = await store.take(run.id)
    await expect(other.take(run.id)).rejects.toThrow(`process ${process.pid} on `)
    await again.release({ ended: true })
  })

  test('a run that is given back can be taken, with the next epoch', async () => {
    const { store } = contract
    const other = await contract.another()
    const first = await store.create(newRun())
    await first.release()
    expect(await store.isHeld(first.id)).toBe(false)
    expect(await other.isHeld(first.id)).toBe(false)
    expect(await store.get(first.id)).toMatchObject({ epoch: 1, owner: null })

    const second = await other.take(first.id)
    expect(second).toMatchObject({ id: first.id, epoch: 2, row: { epoch: 2, owner: { pid: process.pid } } })
    expect(second.seenAt).toBeGreaterThanOrEqual(first.now)
    expect(second.seenAt).toBeLessThanOrEqual(second.now)
    await first.release()
    expect(await store.isHeld(first.id)).toBe(true)

    await second.release()
    await second.release()
    const third = await store.take(first.id)
    expect(third.epoch).toBe(3)
    await third.release()
  })

  test('an id is given once, and to be refused it leaves no trace', async () => {
    const { store } = contract
    const other = await contract.another()
    const made = newRun({ name: 'first' })
    await (await store.create(made)).release()
    await expect(other.create({ ...made, name: 'second' })).rejects.toThrow(RunExistsError)
    expect(await store.isHeld(made.id)).toBe(false)
    const again = await store.take(made.id)
    expect(again.row).toMatchObject({ name: 'first', epoch: 2 })
    await again.release()
    await (await other.take(made.id)).release()
  })

  test('nothing of a stale owner is stored', async () => {
    const { store } = contract
    const other = await contract.another()
    const stale = await store.create(newRun())
    await store.journal.append(stale, [event({ data: { by: 1 } })])
    await stale.release()
    const owner = await other.take(stale.id)
    const before = await seen(store, stale.id)

    const facts = [event(), batch(), checkpoint(), milestone(), snapshot(), runFact({ status: 'failed' })]
    await expect(store.journal.append(stale, facts)).rejects.toThrow(OwnershipLostError)
    await expect(other.journal.append(stale, facts)).rejects.toThrow(OwnershipLostError)
    expect(await seen(store, stale.id)).toEqual(before)
    expect(await store.get(stale.id)).toMatchObject({ status: 'pending', epoch: 2 })

    await other.journal.append(owner, facts)
    expect(await store.get(stale.id)).toMatchObject({ status: 'failed' })
  })

  test('a stale owner is refused alone, even next to the new owner of the same run', async () => {
    const { store } = contract
    const bystander = await store.create(newRun())
    const stale = await store.create(newRun())
    await stale.release()
    const owner = await store.take(stale.id)
    const outcomes = await Promise.allSettled([
      store.journal.append(stale, [event({ data: { by: 'stale' } }), batch()]),
      store.journal.append(bystander, [event({ data: { by: 'bystander' } })]),
      store.journal.append(owner, [event({ data: { by: 'owner' } })]),
      store.journal.append(stale, [event({ data: { by: 'stale' } })]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected'])
    expect((await store.events(stale.id, 0)).map((e) => e.data)).toEqual([{ by: 'owner' }])
    expect((await store.events(bystander.id, 0)).map((e) => e.data)).toEqual([{ by: 'bystander' }])
    expect(await Array.fromAsync(store.results(stale.id, {}))).toEqual([])
  })

  test('the row of a run: it starts once, ends when it is told so, and keeps its report', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const row = async () => {
      const { status, reason, startedAt, finishedAt, report } = (await store.get(run.id))!
      return { status, reason, startedAt, finishedAt, report }
    }
    await store.journal.append(run, [runFact({ startedAt: AT })])
    expect(await row()).toEqual({ status: 'running', reason: null, startedAt: AT, finishedAt: null, report: null })
    await store.journal.append(run, [runFact({ status: 'paused', reason: 'user', startedAt: AT + 1 })])
    expect(await row()).toEqual({ status: 'paused', reason: 'user', startedAt: AT, finishedAt: null, report: null })
    const report = { verdict: { status: 'pass' }, text: AWKWARD, list: [0, -1.5, null, true] }
    await store.journal.append(run, [
      runFact({ status: 'running', startedAt: null }),
      runFact({ status: 'complete', startedAt: null, finishedAt: AT + 7, report }),
    ])
    expect(await row()).toEqual({ status: 'complete', reason: null, startedAt: AT, finishedAt: AT + 7, report })
    await store.journal.append(run, [runFact({ status: 'running', startedAt: null })])
    expect(await row()).toEqual({ status: 'running', reason: null, startedAt: AT, finishedAt: null, report })
  })

  test('runs are found by fingerprint, name and being unfinished, newest first', async () => {
    const { store } = contract
    const [fingerprint, name] = [newRun().fingerprint, newRun().id]
    const ids: string[] = []
    for (const changes of [{ name }, { name: 'other' }, { name }]) {
      const run = await store.create(newRun({ fingerprint, ...changes }))
      ids.push(run.id)
    }
    const [a, b, c] = ids
    const elsewhere = await store.create(newRun({ name }))
    await store.journal.append({ id: b!, epoch: 1 }, [runFact({ status: 'complete', finishedAt: AT })])

    const found = async (filter: Parameters<typeof store.find>[0]) => (await store.find(filter)).map(({ id }) => id)
    expect(await found({ fingerprint })).toEqual([c, b, a])
    expect(await found({ fingerprint, unfinished: true })).toEqual([c, a])
    expect(await found({ fingerprint, unfinished: false })).toEqual([c, b, a])
    expect(await found({ name })).toEqual([elsewhere.id, c, a])
    expect(await found({ name, fingerprint })).toEqual([c, a])
    expect(await found({ fingerprint, limit: 2 })).toEqual([c, b])
    expect(await found({ limit: 1 })).toEqual([elsewhere.id])
    expect(await found({ fingerprint: 'none' })).toEqual([])
    // When its owner was seen last goes on with time.
    const row = (await store.get(c!))!
    const owner = { ...row.owner, seenAt: expect.any(Number) }
    expect((await store.find({ fingerprint, limit: 1 }))[0]).toEqual({ ...row, owner })
  })

  test('a list has everything of a run but what may be large, and how far it came', async () => {
    const { store } = contract
    const name = newRun().id
    const scenarios = [
      { size: 30, repetitions: 2, items: 20, itemsFailed: 10 },
      { size: 40, repetitions: 1, items: 5, itemsFailed: 0 },
    ]
    for (const end of [
      null,
      { status: 'complete' as const, report: { scenarios, elapsedMs: 41_000.5 } },
      { status: 'failed' as const, report: { scenarios, elapsedMs: null } },
    ]) {
      const run = await store.create(newRun({ name }))
      if (end) await store.journal.append(run, [runFact({ ...end, startedAt: AT - 60_000, finishedAt: AT })])
    }
    const listed = await store.list({ name })
    // 35 of 100. Where the report does not say how long it took (newcomer 2: 4), it is the time from its start to its end.
    expect(listed.map(({ status, progressPct, elapsedMs }) => [status, progressPct, elapsedMs])).toEqual([
      ['failed', 35, 60_000],
      ['complete', 100, 41_000.5],
      ['pending', null, null],
    ])
    const rows = (await store.find({ name })).map(({ plan: _p, planVersion: _v, skillVersions: _s, report: _r, ...row }) => row)
    expect(listed.map(({ progressPct: _progress, elapsedMs: _elapsed, ...row }) => row)).toEqual(rows)
    expect(await store.list({ name, unfinished: true, limit: 1 })).toEqual([listed[2]])
    expect(await store.ids(3)).toEqual(listed.map(({ id }) => id))
  })

  test('old runs are deleted with all they have; unfinished and younger ones are kept', async () => {
    const { store } = contract
    const finish = async (finishedAt: number | null) => {
      const run = await store.create(newRun())
      await store.journal.append(run, [event(), batch(), checkpoint(), milestone(), snapshot(), runFact({ finishedAt })])
      await run.release()
      return run.id
    }
    const old = await finish(1_000_000)
    const young = await finish(Date.now())
    const unfinished = await finish(null)

    const gone = await store.prune(3_600_000)
    expect(gone).toContain(old)
    expect(gone).not.toContain(young)
    expect(gone).not.toContain(unfinished)
    expect(await store.get(old)).toBeNull()
    expect(await seen(store, old)).toEqual(await seen(store, newRun().id))
    for (const kept of [young, unfinished]) {
      expect(await store.get(kept)).not.toBeNull()
      expect(await Array.fromAsync(store.results(kept, {}))).toHaveLength(1)
    }
    await expect(store.journal.append({ id: old, epoch: 1 }, [event()])).rejects.toThrow(OwnershipLostError)
    expect(await store.prune(3_600_000)).not.toContain(old)

    const again = await store.create(newRun({ id: old }))
    expect(again.epoch).toBe(1)
    await store.journal.append(again, [batch()])
    await again.release()
  })
}
