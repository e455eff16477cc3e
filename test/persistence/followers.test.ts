import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import type { Store } from '../../src/persistence/store.ts'
import { blocked } from '../durability/stored.ts'
import { until } from '../support/until.ts'
import { createDatabase } from '../support/database.ts'
import { event } from './contract/facts.ts'

const REQUEST = { type: 'run.pause' as const, scenario: null, variant: null, fresh: false }

async function open() {
  const { url, query, drop } = await createDatabase()
  onTestFinished(() => drop())
  const store = async () => {
    const opened = await openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 10_000 })
    onTestFinished(() => opened.close())
    return opened
  }
  const owner = await store()
  const run = await owner.create({ id: 'run', name: 'x', plan: {}, fingerprint: 'f', skillVersions: {} })
  return { query, owner, run, other: await store() }
}

/** Reads as a follower does: what is new, after the last one it has seen. */
function follower(store: Store) {
  const seen: number[] = []
  return {
    seen,
    async look() {
      for (const { sequence } of await store.events('run', seen.at(-1) ?? 0)) seen.push(sequence)
    },
  }
}

test('an event with a lower sequence is never stored after one with a higher: whoever follows misses none', async () => {
  const { query, owner, run, other } = await open()
  const gate = await query.reserve()
  await gate`select pg_advisory_lock(4711)`
  // A request has its sequence, and waits before it is stored.
  await query.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_lock_shared(4711); perform pg_advisory_unlock_shared(4711); return new; end $$;
    create trigger gate before insert on troupe.events for each row when (new.type = 'request.made') execute function wait_at_gate()`)
  const requested = other.request('run', REQUEST)
  await until('it waits', async () => (await blocked(query)).length === 1)
  const follow = follower(other)
  let stored = false
  const appended = owner.journal.append(run, [event()]).then(() => (stored = true))
  await until('the owner has written, or waits for it', async () => stored || (await blocked(query)).length === 2)
  await follow.look()
  await gate`select pg_advisory_unlock(4711)`
  gate.release()
  await Promise.all([requested, appended])
  await follow.look()
  const all = await query<{ sequence: number }[]>`select sequence::int from troupe.events order by sequence`
  expect(follow.seen).toEqual(all.map(({ sequence }) => sequence))
  expect(follow.seen).toHaveLength(2)
})

test('of several processes that write to a run at once a follower sees each event once, in order', async () => {
  const { query, owner, run, other } = await open()
  // Between its sequence and its commit each waits for a while of its own.
  await query.unsafe(`
    create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(random() * 0.004); return new; end $$;
    create trigger dawdle before insert on troupe.events for each row execute function dawdle()`)
  const follow = follower(owner)
  let over = false
  const following = (async () => {
    while (!over) await follow.look()
  })()
  const append = async () => {
    for (let n = 0; n < 40; n++) await owner.journal.append(run, [event(), event()])
  }
  const request = async (store: Store) => {
    for (let n = 0; n < 20; n++) await store.request('run', REQUEST)
  }
  await Promise.all([append(), request(other), request(other), request(owner)])
  over = true
  await following
  await follow.look()
  const all = await query<{ sequence: number }[]>`select sequence::int from troupe.events order by sequence`
  expect(all).toHaveLength(140)
  expect(follow.seen).toEqual(all.map(({ sequence }) => sequence))
})
