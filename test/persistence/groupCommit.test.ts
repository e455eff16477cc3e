import { expect, test } from 'vitest'
import { DatabaseFailedError, DatabaseLostError, OwnershipLostError, UnstorableFactError } from '../../src/errors.ts'
import { batch, event } from './contract/facts.ts'
import { FakeDatabaseError } from './fakeDatabase.ts'
import { openGroupCommit, turn, until } from './openGroupCommit.ts'

test('what one turn has to write goes into one statement, at once and without a timer', async () => {
  const { database, append, delays } = openGroupCommit()
  await Promise.all([append('a1'), append('b1'), append('a2')])
  expect(database.writes).toEqual([{ names: ['a1', 'b1', 'a2'], again: false }])
  await append('a3')
  expect(database.writes[1]).toEqual({ names: ['a3'], again: false })
  expect(delays).toEqual([])
})

test('the next statement takes all that arrived meanwhile, and each is acknowledged by its own', async () => {
  const { database, append, journal } = openGroupCommit()
  const release = database.hold()
  const acknowledged: string[] = []
  const appends = [appended('a1')]
  await until(() => database.writes.length === 1)
  for (const name of ['a2', 'b1', 'a3']) {
    appends.push(appended(name))
    await turn()
  }
  expect(database.writes).toHaveLength(1)
  expect(acknowledged).toEqual([])
  release()
  const releaseSecond = database.hold()
  await until(() => database.writes.length === 2)
  await until(() => acknowledged.length > 0)
  expect(acknowledged).toEqual(['a1'])
  releaseSecond()
  await Promise.all(appends)
  expect(acknowledged).toEqual(['a1', 'a2', 'b1', 'a3'])
  expect(database.writes.map(({ names }) => names)).toEqual([['a1'], ['a2', 'b1', 'a3']])
  expect(journal.flushes).toBe(2)

  async function appended(name: string) {
    await append(name)
    acknowledged.push(name)
  }
})

test('nothing to write is no statement', async () => {
  const { database, journal } = openGroupCommit()
  await journal.append({ id: 'a', epoch: 1 }, [])
  await journal.idle()
  expect(database.writes).toEqual([])
})

test('it is idle when all that waited is written', async () => {
  const { database, append, journal } = openGroupCommit()
  const release = database.hold()
  const first = append('a1')
  await until(() => database.writes.length === 1)
  const second = append('a2')
  const idle = journal.idle()
  release()
  await idle
  expect(database.stored).toEqual(['a1', 'a2'])
  await Promise.all([first, second])
})

test('a statement has an end: a thousand entries, or eight megabytes of results', async () => {
  const { database, append, journal } = openGroupCommit()
  await Promise.all(Array.from({ length: 2_001 }, (_, i) => append(`a${i}`)))
  expect(database.writes.map(({ names }) => names.length)).toEqual([1_000, 1_000, 1])
  expect(database.stored).toEqual(Array.from({ length: 2_001 }, (_, i) => `a${i}`))

  database.writes.length = 0
  const result = JSON.stringify('x'.repeat(5 * 1024 * 1024))
  await Promise.all(Array.from({ length: 3 }, () => journal.append({ id: 'a', epoch: 1 }, [batch({ result })])))
  expect(database.writes.map(({ names }) => names.length)).toEqual([2, 1])
  await journal.append({ id: 'a', epoch: 1 }, [batch({ result }), batch({ result })])
  expect(database.writes).toHaveLength(3)
})

test('what cannot be stored is found by halves, and costs its owner only', async () => {
  const { database, append } = openGroupCommit()
  database.unstorable.add('a5')
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => append(`a${i}`)))
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, true, true, false, true, true])
  expect(outcomes[5]).toMatchObject({ reason: expect.any(UnstorableFactError) })
  expect(outcomes[5]).toMatchObject({ reason: { message: expect.stringContaining('run "a"'), cause: expect.any(FakeDatabaseError) } })
  expect(database.writes.map(({ names }) => names.join(' '))).toEqual([
    'a0 a1 a2 a3 a4 a5 a6 a7',
    'a0 a1 a2 a3',
    'a4 a5 a6 a7',
    'a4 a5',
    'a4',
    'a5',
    'a6 a7',
  ])
  expect(database.stored).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a6', 'a7'])
})

test('a run with a newer owner is refused, the others of its statement are not', async () => {
  const { database, append } = openGroupCommit()
  database.stale.add('b')
  const outcomes = await Promise.allSettled(['a1', 'b1', 'c1', 'b2'].map((name) => append(name)))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
  for (const outcome of [outcomes[1], outcomes[3]]) {
    expect(outcome).toMatchObject({ reason: expect.any(OwnershipLostError) })
    expect(outcome).toMatchObject({ reason: { message: expect.stringContaining('Run "b" has a newer owner than epoch 1') } })
  }
  expect(database.stored).toEqual(['a1', 'c1'])
  expect(database.writes).toHaveLength(1)
})

test('an epoch that a newer one of its run has overtaken is not even sent', async () => {
  const { database, journal } = openGroupCommit()
  const append = (name: string, epoch: number) => journal.append({ id: name[0]!, epoch }, [event({ data: { name } })])
  const outcomes = await Promise.allSettled([append('a1', 1), append('b1', 1), append('a2', 2), append('a3', 1)])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected'])
  expect(outcomes[0]).toMatchObject({ reason: expect.any(OwnershipLostError) })
  expect(outcomes[3]).toMatchObject({ reason: { message: expect.stringContaining('Run "a" has a newer owner than epoch 1') } })
  expect(database.writes).toEqual([{ names: ['b1', 'a2'], again: false }])
})

test.each(['lost before', 'lost after'] as const)('connection %s the write: the same entries again, stored once', async (failure) => {
  const { database, append, clock, delays, states } = openGroupCommit()
  database.failures.push(failure)
  database.away = 3
  const first = Promise.all([append('a1'), append('b1')])
  await until(() => delays.length === 1)
  const late = append('a2')
  expect(states).toEqual(['lost'])
  for (const [i, delay] of [50, 100, 200].entries()) {
    expect(database.revivals).toBe(i + 1)
    clock.increment(delay - 1)
    await turn()
    expect(database.revivals).toBe(i + 1)
    clock.increment(1)
    await until(() => database.revivals === i + 2)
  }
  await first
  expect(states).toEqual(['lost', 'back'])
  await late
  expect(database.writes).toEqual([
    { names: ['a1', 'b1'], again: false },
    { names: ['a1', 'b1'], again: true },
    { names: ['a2'], again: false },
  ])
  expect(database.stored).toEqual(['a1', 'b1', 'a2'])
})

test('the search for what cannot be stored goes on after a loss, and remembers that all may be stored', async () => {
  const { database, append, states } = openGroupCommit()
  database.unstorable.add('a2')
  database.failures.push(null, 'lost after')
  const outcomes = await Promise.allSettled(['a0', 'a1', 'a2', 'a3'].map((name) => append(name)))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(database.writes.slice(0, 3)).toEqual([
    { names: ['a0', 'a1', 'a2', 'a3'], again: false },
    { names: ['a0', 'a1'], again: false },
    { names: ['a0', 'a1'], again: true },
  ])
  expect(database.stored).toEqual(['a0', 'a1', 'a3'])
  expect(states).toEqual(['lost', 'back'])
})

test('halves of what was sent before are sent again, too', async () => {
  const { database, append } = openGroupCommit()
  database.unstorable.add('a1')
  database.failures.push('lost before')
  await Promise.allSettled(['a0', 'a1', 'a2'].map((name) => append(name)))
  expect(database.writes.map(({ names, again }) => `${names.join(' ')} ${again}`)).toEqual([
    'a0 a1 a2 false',
    'a0 a1 a2 true',
    'a0 a1 true',
    'a0 true',
    'a1 true',
    'a2 true',
  ])
})

test.each([
  ['without jitter', 0, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]],
  ['with half of it', 0.5, [37.5, 75, 150, 300, 600, 1_200, 1_500, 1_500]],
])('the wait between two attempts doubles up to two seconds, %s', async (_what, random, expected) => {
  const { database, append, clock, delays } = openGroupCommit({ random: () => random })
  database.failures.push('lost before')
  database.away = expected.length
  const done = append('a1')
  for (const [i, delay] of expected.entries()) {
    await until(() => delays.length === i + 1)
    clock.increment(delay)
  }
  await done
  expect(delays).toEqual(expected)
})

test('a database that stays away is given up after its time, for all who wait', async () => {
  const { database, append, clock, delays, states } = openGroupCommit({ retryForMs: 1_000 })
  database.failures.push('lost before')
  database.away = Number.POSITIVE_INFINITY
  const first = Promise.allSettled([append('a1')])
  await until(() => delays.length === 1)
  const meanwhile = Promise.allSettled([append('b1')])
  // 50 + 100 + 200 + 400 = 750 ms are not enough, the next attempt comes 800 ms later.
  for (const [i, delay] of [50, 100, 200, 400].entries()) {
    clock.increment(delay)
    await until(() => delays.length === i + 2)
  }
  expect(states).toEqual(['lost'])
  clock.increment(800)
  const reason = {
    constructor: DatabaseLostError,
    message: 'The database has been away for more than 1 s: connection error',
    cause: expect.any(FakeDatabaseError),
  }
  expect([...(await first), ...(await meanwhile)]).toMatchObject([{ reason }, { reason }])
  expect(delays).toEqual([50, 100, 200, 400, 800])
  expect(database.stored).toEqual([])

  database.away = 0
  await append('a2')
  expect(database.stored).toEqual(['a2'])
})

test('while a database is away it is said each 10 s for how long it is waited for, until it is back (first hour)', async () => {
  const lines: string[] = []
  const { database, append, clock, delays } = openGroupCommit({ retryForMs: 60_000, say: (line) => lines.push(line) })
  database.failures.push('lost before')
  database.away = Number.POSITIVE_INFINITY
  const done = append('a1')
  await until(() => delays.length === 1)
  clock.increment(9_999)
  expect(lines).toEqual([])
  clock.increment(1)
  expect(lines).toEqual(['still waiting for the database, for 50 s more at most'])
  clock.increment(10_000)
  expect(lines[1]).toBe('still waiting for the database, for 40 s more at most')
  database.away = 0
  await done
  clock.increment(60_000)
  expect(lines).toHaveLength(2)
})

test('data that were deleted are not called safe, and no more lines follow (first hour)', async () => {
  const lines: string[] = []
  const { database, append, clock, delays, leave } = openGroupCommit({
    retryForMs: 15_000,
    gone: () => '/home/me/.troupe/postgres',
    say: (line) => lines.push(line),
  })
  database.failures.push('lost before')
  database.away = Number.POSITIVE_INFINITY
  const lost = append('a1').catch((error: unknown) => error)
  await until(() => delays.length === 1)
  clock.increment(10_000)
  expect(lines).toEqual(['still waiting for the database, for 5 s more at most: the directory /home/me/.troupe/postgres is gone'])
  await until(() => delays.length === 2)
  clock.increment(6_000)
  const hint = expect.stringMatching(/^What was stored there is lost, unless you have a copy/)
  const message = 'The database has been away for more than 15 s: the directory /home/me/.troupe/postgres is gone'
  expect(await lost).toMatchObject({ code: 'DATABASE_LOST', message, hint })
  clock.increment(60_000)
  expect(lines).toHaveLength(1)

  database.failures.push('other')
  expect(await append('a2').catch((error: unknown) => error)).toMatchObject({ code: 'DATABASE_LOST', hint })
  database.failures.push('lost before')
  const left = append('a3').catch((error: unknown) => error)
  await until(() => delays.length === 3)
  leave()
  expect(await left).toMatchObject({ code: 'NOT_WRITTEN', hint, message: expect.stringContaining('/home/me/.troupe/postgres is gone') })
})

test('an error that nobody foresaw goes to all who were in the statement, and to nobody else', async () => {
  const { database, append } = openGroupCommit()
  database.failures.push('other')
  const outcomes = await Promise.allSettled([append('a1'), append('b1')])
  const failed = { status: 'rejected', reason: { constructor: DatabaseFailedError, cause: expect.any(FakeDatabaseError) } }
  expect(outcomes).toMatchObject([failed, failed])
  await append('a2')
  expect(database.stored).toEqual(['a2'])
})

test('chosen to give way, it writes again', async () => {
  const { database, append } = openGroupCommit()
  database.failures.push('contention')
  await append('a1')
  expect(database.writes).toEqual([
    { names: ['a1'], again: false },
    { names: ['a1'], again: false },
  ])
  expect(database.stored).toEqual(['a1'])
})

test('(F1) what waits for a database that is away is given up when nobody waits any more: sent, waiting, and new', async () => {
  const { database, append, journal, leave } = openGroupCommit()
  database.failures.push('lost after')
  database.away = Infinity
  const first = append('a1').catch(codeOf)
  await until(() => database.revivals > 0)
  const second = append('b1').catch(codeOf)
  leave()
  expect(await Promise.all([first, second])).toEqual(['NOT_WRITTEN', 'NOT_WRITTEN'])
  await journal.idle()
  database.failures.push('lost before')
  await expect(append('a2')).rejects.toMatchObject({ code: 'NOT_WRITTEN' })
  expect(database.stored).toEqual(['a1'])
})

test('(F1) a server that does not come back by itself is not waited for', async () => {
  const { database, append, leave } = openGroupCommit()
  database.failures.push('lost before')
  database.revive = () => new Promise(() => {})
  const lost = append('a1').catch(codeOf)
  await until(() => database.writes.length === 1)
  await turn()
  leave()
  expect(await lost).toBe('NOT_WRITTEN')
})

const codeOf = (error: { code: string }) => error.code
