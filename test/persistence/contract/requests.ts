import { expect, test } from 'vitest'
import { RunNotFoundError } from '../../../src/errors.ts'
import type { Request } from '../../../src/persistence/store.ts'
import { until } from '../../support/until.ts'
import { AWKWARD, batch, event } from './facts.ts'
import { newRun, type Contract } from './subject.ts'

/** What others ask of an owner, and how those who wait learn of it. */
export function requestsContract(contract: Contract) {
  test('requests wait for their owner, oldest first, until they are answered', async () => {
    const { store } = contract
    const other = await contract.another()
    const run = await store.create(newRun())
    await store.journal.append(run, [event()])
    const asked: Omit<Request, 'sequence'>[] = [
      { type: 'run.pause', scenario: null, variant: null, fresh: false },
      { type: 'run.restart', scenario: AWKWARD, variant: null, fresh: true },
      { type: 'run.continue', scenario: null, variant: null, fresh: false },
      { type: 'run.cancel', scenario: null, variant: null, fresh: false },
    ]
    const requests: Request[] = []
    for (const request of asked) requests.push({ ...request, sequence: await other.request(run.id, request) })
    expect(await store.requests(run.id)).toEqual(requests)
    expect(await store.lastSequence(run.id)).toBe(requests[3]!.sequence)

    await store.journal.append(run, [answer(requests[1]!)])
    expect(await other.requests(run.id)).toEqual([requests[0], requests[2], requests[3]])
    await store.journal.append(run, [answer(requests[0]!), answer(requests[3]!), answer(requests[2]!)])
    expect(await other.requests(run.id)).toEqual([])
  })

  test('a request is an event that anybody may write, whoever has the run', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    await run.release()
    const sequence = await store.request(run.id, { type: 'run.restart', scenario: 'small', variant: null, fresh: false })
    const [made] = await store.events(run.id, 0)
    const data = { command: 'run.restart', scenario: 'small', variant: null, fresh: false }
    expect(made).toEqual({ sequence, at: expect.any(Number), actor: 'command', type: 'request.made', data })
    expect(Math.abs(made!.at - run.now)).toBeLessThan(60_000)
    await expect(store.request(newRun().id, { type: 'run.pause', scenario: null, variant: null, fresh: false })).rejects.toThrow(
      RunNotFoundError,
    )
  })

  test('those who watch a run are woken by its events and requests', async () => {
    const { store } = contract
    const other = await contract.another()
    const run = await store.create(newRun())
    const news = await watching(store.watch.bind(store), run.id)
    const far = await watching(other.watch.bind(other), run.id)
    const any = await watching(store.watch.bind(store), null)
    const bystander = await watching(store.watch.bind(store), (await store.create(newRun())).id)

    await store.journal.append(run, [batch(), event()])
    await news.woken(run.id)
    await far.woken(run.id)
    await any.woken(run.id)

    for (const each of [news, far, any]) each.calls.length = 0
    await other.request(run.id, { type: 'run.pause', scenario: null, variant: null, fresh: false })
    await news.woken(run.id)
    await far.woken(run.id)
    await any.woken(run.id)
    expect(bystander.calls).not.toContain(run.id)
    for (const each of [news, far, any, bystander]) await each.stop()
  })

  test('those who watch requests alone are woken by them, and not by whatever else is stored', async () => {
    const { store } = contract
    const other = await contract.another()
    const run = await store.create(newRun())
    const everything = await watching(store.watch.bind(store), run.id)
    const requests = await watching(store.watchRequests.bind(store), run.id)
    const bystander = await watching(store.watchRequests.bind(store), (await store.create(newRun())).id)
    for (let i = 0; i < 20; i++) {
      everything.calls.length = 0
      await store.journal.append(run, [event()])
      await everything.woken(run.id)
    }
    // Who watches looks by itself now and then, whether or not there is anything.
    expect(requests.calls).toHaveLength(bystander.calls.length)
    requests.calls.length = 0
    await other.request(run.id, { type: 'run.pause', scenario: null, variant: null, fresh: false })
    await requests.woken(run.id)
    for (const each of [everything, requests, bystander]) await each.stop()
  })

  test('those who watch are not called from within the write, and no more once they stopped', async () => {
    const { store } = contract
    const run = await store.create(newRun())
    const stopped = await watching(store.watch.bind(store), run.id)
    const stays = await watching(store.watch.bind(store), run.id)
    await stopped.stop()
    stopped.calls.length = 0
    const appended = store.journal.append(run, [event()])
    expect(stays.calls).toEqual([])
    await appended
    await stays.woken(run.id)
    expect(stopped.calls).toEqual([])
    await stays.stop()
    await stays.stop()
  })
}

const answer = (request: Request) => event({ type: 'request.answered', data: { request: request.sequence, refused: null } })

type Watch = Contract['store']['watch']

async function watching(watch: Watch, run: string | null) {
  const calls: string[] = []
  const stop = await watch(run, (news) => calls.push(news))
  const woken = (id: string) => until(`${id} has news`, () => calls.includes(id))
  return { calls, stop, woken }
}
