import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FollowedRun } from '../../src/cli/followedRun.ts'
import { breakSilence, heartbeat, type Known, type KnownProgress, type Watched } from '../../src/cli/heartbeat.ts'
import type { RunView, StoredEvent } from '../../src/index.ts'

const at = new Date(2026, 0, 5, 12, 3, 14).getTime()
const sized = (name: string, more: { variant?: string; size?: number; repetitions?: number } = {}) => ({
  ...{ variant: 'default', name, size: 30, repetitions: 1, errorTolerance: 0 },
  ...more,
})
const watched = (more: Partial<Watched> = {}): Watched => ({ run: 'demo-1', scenarios: [sized('medium')], from: 'here', ...more })
const known = (more: Partial<Known> = {}): Known => ({
  ...{ variant: 'default', name: 'medium', status: 'running', repetition: 1, settled: 12, failed: 0, elapsedMs: 14_000 },
  batches: [{ batch: 2, since: at - 14_000, waitsUntil: null }],
  ...more,
})
const progress = (more: Partial<KnownProgress> = {}): KnownProgress => ({ at, scenarios: [known()], breakers: [], ...more })

describe('what is said of a scenario at work (first hour)', () => {
  test('is how far it is, and what it is at for how long', () => {
    expect(heartbeat(progress(), watched())).toEqual(['12:03:14 medium 12/30 items 14.0s, batch 2 for 14 s'])
  })

  test.for<[what: string, changes: Partial<Known>, line: string]>([
    ['nothing in hand', { batches: [] }, 'medium 12/30 items 14.0s'],
    ['items that failed', { failed: 2 }, 'medium 12/30 items, 2 failed 14.0s, batch 2 for 14 s'],
    [
      'several in hand: the one that is at it longest',
      {
        batches: [
          { batch: 4, since: at - 900, waitsUntil: null },
          { batch: 3, since: at - 31_400, waitsUntil: null },
          { batch: 5, since: at, waitsUntil: null },
        ],
      },
      'medium 12/30 items 14.0s, batch 3 for 31 s, 2 more at work',
    ],
    [
      'one that waits for its next attempt',
      { batches: [{ batch: 2, since: at - 14_000, waitsUntil: at + 60_000 }] },
      'medium 12/30 items 14.0s, batch 2 for 14 s (its next attempt at 12:04:14)',
    ],
    [
      'one whose next attempt has begun',
      { batches: [{ batch: 2, since: at - 14_000, waitsUntil: at }] },
      'medium 12/30 items 14.0s, batch 2 for 14 s',
    ],
  ])('%s', ([, changes, line]) => {
    expect(heartbeat(progress({ scenarios: [known(changes)] }), watched())).toEqual([`12:03:14 ${line}`])
  })

  test('names the repetition where there are several, and the variant', () => {
    const scenarios = [known({ variant: 'a', repetition: 2 }), known({ variant: 'b', settled: 0, elapsedMs: 0, batches: [] })]
    const all = [sized('medium', { variant: 'a', repetitions: 3 }), sized('medium', { variant: 'b', repetitions: 3 })]
    expect(heartbeat(progress({ scenarios }), watched({ scenarios: all }))).toEqual([
      '12:03:14 a/medium 2/3 12/30 items 14.0s, batch 2 for 14 s',
      '12:03:14 b/medium 1/3 0/30 items 0.0s',
    ])
  })

  test('is a few lines at most', () => {
    const scenarios = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => known({ name, batches: [] }))
    const all = scenarios.map(({ name }) => sized(name))
    expect(heartbeat(progress({ scenarios }), watched({ scenarios: all }))).toEqual([
      '12:03:14 a 12/30 items 14.0s',
      '12:03:14 b 12/30 items 14.0s',
      '12:03:14 c 12/30 items 14.0s',
      '12:03:14 and 3 more scenarios are at work',
    ])
    expect(heartbeat(progress({ scenarios: scenarios.slice(2) }), watched({ scenarios: all }))).toHaveLength(4)
  })

  test.for(['pending', 'paused', 'complete', 'failed'] as const)('is nothing where it is %s', (status) => {
    expect(heartbeat(progress({ scenarios: [known({ status })] }), watched())).toEqual([])
  })
})

describe('what is said while a breaker is open (first hour)', () => {
  const open = { variant: 'default', status: 'open' as const, probeAt: at + 284_000 }
  const paused = known({ status: 'paused' })

  test('is until when, and what to do', () => {
    const waits = '12:03:14 breaker: no calls until 12:07:58 (284 s), then a probe may pass'
    const waiting = progress({ scenarios: [paused], breakers: [open] })
    expect(heartbeat(waiting, watched())).toEqual([
      `${waits}. To go on at once: troupe breaker reset demo-1. Ctrl-C stops the run, which can go on later`,
    ])
    expect(heartbeat(waiting, watched({ from: 'beside' }))).toEqual([`${waits}. To go on at once: troupe breaker reset demo-1`])
    // Nobody else gets at it.
    expect(heartbeat(waiting, watched({ from: 'memory' }))).toEqual([`${waits}. Ctrl-C ends the run`])
  })

  test('names the variant where there are several, beside those that work', () => {
    const scenarios = [known({ variant: 'a' }), known({ variant: 'b', status: 'paused' })]
    const breakers = [
      { ...open, variant: 'a' },
      { ...open, variant: 'b', status: 'forcedOpen' as const, probeAt: null },
    ]
    const all = [sized('medium', { variant: 'a' }), sized('medium', { variant: 'b' })]
    expect(heartbeat(progress({ scenarios, breakers }), watched({ scenarios: all, from: 'beside' }))).toEqual([
      '12:03:14 a/medium 12/30 items 14.0s, batch 2 for 14 s',
      '12:03:14 breaker of b: held open by command, until it is reset. To go on at once: troupe breaker reset demo-1 b',
    ])
  })

  test('is nothing once a probe may pass, and where nobody waits for it', () => {
    expect(heartbeat(progress({ scenarios: [paused], breakers: [{ ...open, probeAt: at }] }), watched())).toEqual([])
    expect(heartbeat(progress({ scenarios: [paused], breakers: [{ ...open, status: 'halfOpen' }] }), watched())).toEqual([])
    expect(heartbeat(progress({ scenarios: [known({ status: 'failed' })], breakers: [open] }), watched())).toEqual([])
  })
})

describe('a run that is followed from outside (first hour)', () => {
  const view = (changes: { held?: boolean } = {}) =>
    ({
      held: true,
      run: { members: { 'default/medium': { status: 'running' } } },
      scenarios: { 'default/medium': { spec: sized('medium'), repetition: 1, repetitions: [{ settled: 6, failed: 0 }] } },
      breakers: { default: { spec: { variant: 'default' }, status: 'closed', probeAt: null } },
      ...changes,
    }) as unknown as RunView
  const event = (actor: string, type: string, data: object = {}): StoredEvent => ({ sequence: 1, at, actor, type, data: { ...data } })
  const beside = watched({ from: 'beside' })

  test('is told by its events, with how long there was none', () => {
    const followed = new FollowedRun(view(), at - 20_000)
    expect(heartbeat(followed.at(at), beside)).toEqual(['12:03:14 medium 6/30 items, nothing new for 20 s'])
    followed.hear(event('default/medium', 'milestone.reached', { repetition: 1, pct: 50, itemsFailed: 1 }), at - 10_000)
    expect(heartbeat(followed.at(at), beside)).toEqual(['12:03:14 medium 15/30 items, 1 failed, nothing new for 10 s'])
    followed.hear(event('breaker:default', 'breaker.opened', { probeAt: at + 60_000 }), at)
    followed.hear(event('default/medium', 'scenario.paused', { reasons: ['breaker'] }), at)
    expect(heartbeat(followed.at(at), beside)).toEqual([
      '12:03:14 breaker: no calls until 12:04:14 (60 s), then a probe may pass. To go on at once: troupe breaker reset demo-1',
    ])
    followed.hear(event('breaker:default', 'breaker.closed', { probeAt: null }), at)
    followed.hear(event('default/medium', 'scenario.continued'), at)
    expect(heartbeat(followed.at(at), beside)).toHaveLength(1)
    followed.hear(event('default/medium', 'scenario.restarted', { round: 1, fresh: true }), at)
    expect(heartbeat(followed.at(at), beside)).toEqual(['12:03:14 medium 0/30 items, nothing new for 0 s'])
    followed.hear(event('default/medium', 'scenario.completed'), at)
    expect(heartbeat(followed.at(at), beside)).toEqual([])
  })

  test('says what to do where no process works on it, until one does', () => {
    const followed = new FollowedRun(view({ held: false }), at - 20_000)
    expect(heartbeat(followed.at(at), beside)).toEqual(['12:03:14 no process works on this run: troupe resume demo-1'])
    followed.hear(event('orchestrator', 'run.continued'), at)
    expect(heartbeat(followed.at(at), beside)).toEqual(['12:03:14 medium 6/30 items, nothing new for 0 s'])
  })
})

describe('a silence of 10 s is broken (first hour)', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  test('again and again, from what was said last, whoever said it', () => {
    const said: string[] = []
    let now: string[] = ['one', 'two']
    const output = {
      spokeAt: performance.now(),
      say(line: string) {
        this.spokeAt = performance.now()
        said.push(line)
      },
    }
    const silence = breakSilence(output, () => now)
    vi.advanceTimersByTime(9_999)
    expect(said).toEqual([])
    vi.advanceTimersByTime(1)
    expect(said).toEqual(['one', 'two'])
    vi.advanceTimersByTime(6_000)
    output.say('a milestone')
    now = ['three']
    vi.advanceTimersByTime(9_999)
    expect(said).toEqual(['one', 'two', 'a milestone'])
    vi.advanceTimersByTime(1)
    expect(said.slice(3)).toEqual(['three'])
    now = []
    vi.advanceTimersByTime(60_000)
    expect(said.slice(4)).toEqual([])
    now = ['four']
    vi.advanceTimersByTime(10_000)
    expect(said.slice(4)).toEqual(['four'])
    silence[Symbol.dispose]()
    vi.advanceTimersByTime(60_000)
    expect(said).toHaveLength(5)
  })
})
