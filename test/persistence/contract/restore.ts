import { expect, test } from 'vitest'
import type { Fact } from '../../../src/persistence/facts.ts'
import { batch, checkpoint, event, snapshot, stateOf } from './facts.ts'
import { newRun, round, type Contract } from './subject.ts'

/** What a restore starts from, now or at a sequence. */
export function restoreContract(contract: Contract) {
  test('an actor is restored from its row or, if that is younger, from its last checkpoint', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const small = { actor: 'default/small', machine: 'scenario' }
    const steps: [Fact, ...actors: string[]][] = [
      [snapshot({ snapshot: stateOf(0), version: 9 }), 'orchestrator 9 0'],
      [snapshot({ ...small, version: 2, snapshot: stateOf(1) }), 'default/small 2 1', 'orchestrator 9 0'],
      [checkpoint({ snapshot: { version: 3, ...stateOf(2) } }), 'default/small 3 2', 'orchestrator 9 0'],
      [
        checkpoint({ variant: 'quick', repetition: 2, snapshot: { version: 3, ...stateOf(3) } }),
        'default/small 3 2',
        'orchestrator 9 0',
        'quick/small 3 3',
      ],
      [
        checkpoint({ repetition: 2, milestonePct: 0, snapshot: { version: 4, ...stateOf(4) } }),
        'default/small 4 4',
        'orchestrator 9 0',
        'quick/small 3 3',
      ],
      [snapshot({ ...small, version: 5, snapshot: stateOf(5) }), 'default/small 5 5', 'orchestrator 9 0', 'quick/small 3 3'],
    ]
    for (const [fact, ...expected] of steps) {
      await store.journal.append(run, [fact])
      const actors = await store.actors(run.id)
      expect(actors.map((a) => `${a.actor} ${a.version} ${String(a.snapshot.context.n)}`)).toEqual(expected)
    }
    const [actor] = (await store.actors(run.id)).filter((a) => a.actor === 'quick/small')
    expect(actor).toEqual({ actor: 'quick/small', machine: 'scenario', version: 3, snapshot: stateOf(3) })
  })

  test('at a sequence, a row that was written later does not count, and an earlier checkpoint does', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const appendAt = async (fact: Fact) => {
      await store.journal.append(run, [fact])
      return store.lastSequence(run.id)
    }
    await store.journal.append(run, [snapshot()])
    const before = await appendAt(event())
    const first = await appendAt(checkpoint({ snapshot: { version: 1, ...stateOf(1) } }))
    const second = await appendAt(checkpoint({ snapshot: { version: 1, ...stateOf(2) } }))
    await store.journal.append(run, [snapshot({ actor: 'default/small', machine: 'scenario', snapshot: stateOf(3) })])
    const last = await appendAt(event())

    const context = async (at?: number) => (await store.actors(run.id, at)).find(({ actor }) => actor === 'default/small')?.snapshot.context
    expect(await context(before)).toBeUndefined()
    expect(await context(first)).toEqual({ n: 1 })
    expect(await context(second)).toEqual({ n: 2 })
    expect(await context(last)).toEqual({ n: 3 })
    expect(await context()).toEqual({ n: 3 })
    expect((await store.actors(run.id, before)).map(({ actor }) => actor)).toEqual(['orchestrator'])
    expect(await store.actors(run.id, 0)).toEqual([])
  })

  test('the batches of a round, from an item on, in the order they were stored', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    for (const n of [2, 0, 3, 1]) await store.journal.append(run, [batch({ batch: n, from: n * 10 })])
    const at = await store.lastSequence(run.id)
    const others = [{ round: 2 }, { repetition: 2 }, { scenario: 'medium' }, { variant: 'quick' }]
    await store.journal.append(
      run,
      others.map((changes) => batch({ batch: 50, from: 500, ...changes })),
    )
    const found = async (from: number, at?: number) => (await store.batchesFrom(run.id, round(), from, at)).map((b) => b.batch)
    expect(await found(0)).toEqual([2, 0, 3, 1])
    expect(await found(10)).toEqual([2, 3, 1])
    expect(await found(11)).toEqual([2, 3])
    expect(await found(31)).toEqual([])
    expect(await found(0, at)).toEqual([2, 0, 3, 1])
    expect((await store.batchesFrom(run.id, round({ round: 2 }), 0)).map((b) => b.batch)).toEqual([50])
  })
}
