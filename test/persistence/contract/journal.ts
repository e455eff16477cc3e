import { expect, test } from 'vitest'
import { UnstorableFactError } from '../../../src/errors.ts'
import type { Fact } from '../../../src/persistence/facts.ts'
import { AT, AWKWARD, batch, checkpoint, event, failedBatch, milestone, runFact, snapshot } from './facts.ts'
import { newRun, round, seen, type Contract } from './subject.ts'

/** What is appended comes back as it was, in order, and all or nothing of it. */
export function journalContract(contract: Contract) {
  test('what is appended is there, to every client, when the append resolves', async () => {
    const { store } = contract
    const other = await contract.another()
    const run = await store.create(newRun())
    await store.journal.append(run, [event({ data: { n: 1 } })])
    expect(await other.events(run.id, 0)).toMatchObject([{ data: { n: 1 } }])
  })

  test('nothing to append is no error', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    await store.journal.append(run, [])
    expect(await store.lastSequence(run.id)).toBe(0)
  })

  test('appends of a run are stored and acknowledged in their order', async () => {
    const { store } = contract
    const [a, b] = [await store.create(newRun()), await store.create(newRun())]
    const acknowledged: number[] = []
    const numbers = Array.from({ length: 40 }, (_, n) => n)
    await Promise.all(
      numbers.flatMap((n) => [
        store.journal
          .append(a, [event({ data: { n } }), batch({ batch: n, from: n * 10 }), event({ data: { n: n + 0.5 } })])
          .then(() => acknowledged.push(n)),
        store.journal.append(b, [event({ data: { n } })]),
      ]),
    )
    expect(acknowledged).toEqual(numbers)
    const events = await store.events(a.id, 0)
    expect(events.map((e) => e.data.n)).toEqual(numbers.flatMap((n) => [n, n + 0.5]))
    const sequences = events.map((e) => e.sequence)
    expect(sequences).toEqual([...new Set(sequences)].sort((x, y) => x - y))
    expect((await store.batchesFrom(a.id, round(), 0)).map((stored) => stored.batch)).toEqual(numbers)
    expect((await store.events(b.id, 0)).map((e) => e.data.n)).toEqual(numbers)
  })

  test('one counter orders events, batches and checkpoints', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const last: number[] = []
    for (const fact of [event(), batch(), checkpoint(), event(), batch({ batch: 1, from: 10 })]) {
      await store.journal.append(run, [fact])
      last.push(await store.lastSequence(run.id))
    }
    expect(last[0]).toBeGreaterThan(0)
    expect(last).toEqual([...new Set(last)].sort((a, b) => a - b))
    expect((await store.events(run.id, 0)).map((e) => e.sequence)).toEqual([last[0], last[3]])
    expect((await store.checkpoints(run.id)).map((c) => c.sequence)).toEqual([last[2]])
    await store.journal.append(run, [milestone()])
    expect(await store.lastSequence(run.id)).toBe(last[4])
  })

  test('a batch comes back as it was, for a restore and as a result', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const place = { variant: AWKWARD, scenario: `${AWKWARD}.`, repetition: 2, round: 3 }
    const results = [{ [AWKWARD]: AWKWARD, nested: [[], {}, null, false, -0.1, 1e21] }, AWKWARD, null]
    const good = batch({
      ...place,
      batch: 7,
      from: 2 ** 40,
      items: 3,
      attempt: 2,
      processed: 3,
      result: JSON.stringify(results),
      quality: JSON.stringify({ score: 0.925, f1: 1 / 3 }),
      usage: JSON.stringify({ costUsd: 0.0125, model: AWKWARD }),
      startedAt: AT + 4,
      activeMs: 12.345678,
      cpuMs: 3.5,
    })
    const bad = failedBatch({ ...place, batch: 8, from: 2 ** 40 + 3, errorClass: 'critical', processed: 4, startedAt: AT + 5, activeMs: 0 })
    await store.journal.append(run, [good, bad])
    expect(await store.batchesFrom(run.id, round(place), 0)).toEqual([
      {
        batch: 7,
        from: 2 ** 40,
        items: 3,
        attempt: 2,
        outcome: 'ok',
        errorClass: null,
        itemErrors: null,
        processed: 3,
        quality: { score: 0.925, f1: 1 / 3 },
        startedAt: AT + 4,
        activeMs: 12.345678,
      },
      {
        batch: 8,
        from: 2 ** 40 + 3,
        items: 10,
        attempt: 1,
        outcome: 'failed',
        errorClass: 'critical',
        itemErrors: null,
        processed: 4,
        quality: null,
        startedAt: AT + 5,
        activeMs: 0,
      },
    ])
    expect(await Array.fromAsync(store.results(run.id, {}))).toEqual([{ ...place, batch: 7, from: 2 ** 40, items: 3, results }])
  })

  test('instants keep every millisecond', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const instants = Array.from({ length: 50 }, (_, i) => AT + i * 7)
    await store.journal.append(
      run,
      instants.flatMap((at, i): Fact[] => [
        event({ at }),
        batch({ batch: i, from: i * 10, startedAt: at }),
        checkpoint({ at, milestonePct: i }),
        milestone({ pct: i, reachedAt: at, releasedAt: at + 1 }),
      ]),
    )
    expect((await store.events(run.id, 0)).map((e) => e.at)).toEqual(instants)
    expect((await store.batchesFrom(run.id, round(), 0)).map((b) => b.startedAt)).toEqual(instants)
    expect((await store.checkpoints(run.id)).map((c) => c.at)).toEqual(instants)
    const milestones = await store.milestones(run.id)
    expect(milestones.map((m) => [m.reachedAt, m.releasedAt])).toEqual(instants.map((at) => [at, at + 1]))
  })

  test('text of any alphabet survives in events and states', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const data = { [AWKWARD]: AWKWARD, list: [AWKWARD, { deep: AWKWARD }] }
    const state = { value: AWKWARD, context: data }
    await store.journal.append(run, [
      event({ actor: AWKWARD, type: AWKWARD, data }),
      snapshot({ actor: AWKWARD, machine: AWKWARD, version: 3, snapshot: state }),
      checkpoint({ variant: 'ü', scenario: AWKWARD, snapshot: { version: 4, ...state } }),
      milestone({ outcome: 'without', missing: [AWKWARD, 'b,c', ''] }),
    ])
    expect(await store.events(run.id, 0)).toMatchObject([{ at: AT, actor: AWKWARD, type: AWKWARD, data }])
    const actors = await store.actors(run.id)
    expect(actors).toHaveLength(2)
    expect(actors).toContainEqual({ actor: AWKWARD, machine: AWKWARD, version: 3, snapshot: state })
    expect(actors).toContainEqual({ actor: `ü/${AWKWARD}`, machine: 'scenario', version: 4, snapshot: state })
    expect((await store.milestones(run.id))[0]!.missing).toEqual([AWKWARD, 'b,c', ''])
  })

  test('a result of five megabytes comes back whole', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const results = Array.from({ length: 10 }, (_, i) => `${i} `.repeat(40_000) + '東🦀'.repeat(60_000))
    const result = JSON.stringify(results)
    expect(Buffer.byteLength(result)).toBeGreaterThan(5_000_000)
    await store.journal.append(run, [batch({ result })])
    const [stored] = await Array.fromAsync(store.results(run.id, {}))
    expect(stored!.results).toEqual(results)
  })

  test('what a caller changes afterwards is not what is stored', async () => {
    const { store } = contract
    const made = newRun({ plan: { list: [1] } })
    const run = await store.create(made)
    // When its owner was seen last goes on with time.
    const row = async () => {
      const { owner, ...rest } = (await store.get(run.id))!
      return { ...rest, owner: { ...owner, seenAt: null } }
    }
    const facts = [event({ data: { list: [1] } }), snapshot({ snapshot: { value: 'running', context: { list: [1] } } }), milestone()]
    await store.journal.append(run, facts)
    await store.request(run.id, { type: 'run.pause', scenario: null, variant: null, fresh: false })
    const expected = structuredClone({ row: await row(), seen: await seen(store, run.id) })

    const returned = [made, run.row, ...facts, await store.get(run.id), ...(await store.find({})), await seen(store, run.id)]
    for (const value of returned) spoil(value)
    expect({ row: await row(), seen: await seen(store, run.id) }).toEqual(expected)
  })

  const unstorable: [what: string, fact: Fact][] = [
    ['a result with \\u0000', batch({ result: '["a\\u0000b"]' })],
    ['a result with half a surrogate pair', batch({ result: '["\\ud83e"]' })],
    ['a result with the other half', batch({ result: '["\\udd80"]' })],
    ['a result with a key with \\u0000', batch({ result: '[{"\\u0000":1}]' })],
    ['a result that is no JSON', batch({ result: '[1,' })],
    ['a quality that is no JSON', batch({ quality: 'NaN' })],
    ['a usage that is no JSON', batch({ usage: '{' })],
    ['an error with \\u0000', failedBatch({ error: '{"message":"\\u0000"}' })],
    ['a scenario with NUL', batch({ scenario: 'a\0b' })],
    ['a batch without items', batch({ items: 0, result: '[]' })],
    ['an event with NUL', event({ data: { deep: ['\0'] } })],
    ['an event with a lone surrogate', event({ data: { deep: ['\ud83e'] } })],
    ['an event of a type with NUL', event({ type: '\0' })],
    ['a state with NUL', snapshot({ actor: 'default/small', snapshot: { value: 'running', context: { a: '\0' } } })],
    ['a run of no known status', runFact({ status: 'odd' })],
    ['a batch that has another outcome', batch({ batch: 99, from: 990, startedAt: AT + 1 })],
  ]
  test.each(unstorable)('%s is refused, with all that was appended with it, and nothing else', async (_what, fact) => {
    const { store } = contract
    const [run, bystander] = [await store.create(newRun()), await store.create(newRun())]
    await store.journal.append(run, [batch({ batch: 99, from: 990 })])
    const before = await seen(store, run.id)
    const outcomes = await Promise.allSettled([
      store.journal.append(bystander, [event({ data: { n: 1 } })]),
      store.journal.append(run, [event({ data: { refused: true } }), batch({ batch: 5, from: 50 }), fact, snapshot()]),
      store.journal.append(bystander, [event({ data: { n: 2 } })]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: expect.any(UnstorableFactError) })
    expect(await seen(store, run.id)).toEqual(before)
    expect((await store.events(bystander.id, 0)).map((e) => e.data.n)).toEqual([1, 2])

    await store.journal.append(run, [event({ data: { after: true } }), batch({ batch: 5, from: 50 })])
    expect(await store.batchesFrom(run.id, round(), 0)).toHaveLength(2)
  })

  test('keys of results stay in the order in which they were returned (first hour 16)', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const texts = ['{"id":1,"sentiment":"good","score":2}', '{"zz":{"b":1,"aa":"\\u00e9"},"a":[{"y":1,"x":2}]}']
    await store.journal.append(run, [batch({ items: 2, result: `[${texts.join(',')}]` })])
    const [stored] = await Array.fromAsync(store.results(run.id, {}))
    expect(stored!.results.map((result) => JSON.stringify(result))).toEqual([texts[0], '{"zz":{"b":1,"aa":"é"},"a":[{"y":1,"x":2}]}'])
  })

  test('what only looks unstorable is stored', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const results = ['\\u0000', '\\ud83e', '🦀', '\\\\u0000']
    const escaped = '["\\\\u0000", "\\\\ud83e", "\\ud83e\\udd80", "\\\\\\\\u0000"]'
    await store.journal.append(run, [batch({ items: 4, result: escaped }), event({ data: { results } })])
    const [stored] = await Array.fromAsync(store.results(run.id, {}))
    expect(stored!.results).toEqual(results)
    expect((await store.events(run.id, 0))[0]!.data).toEqual({ results })
  })
}

/** Changes all that can be changed. */
function spoil(value: unknown) {
  if (Array.isArray(value)) {
    for (const part of value) spoil(part)
    value.push('spoiled')
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) spoil(part)
    Object.assign(value, { spoiled: true })
  }
}
