import { describe, expect, test } from 'vitest'
import { CommandRefusedError } from '../../src/errors.ts'
import { judge } from '../../src/host/judge.ts'
import { initialRunState, type Command, type Member, type RunState } from '../../src/machines/orchestratorState.ts'
import { COMPLEX, MEDIUM, runSpec, SIMPLE } from '../machines/runHarness.ts'

const member = (changes: Partial<Member> = {}): Member => ({
  status: 'running',
  reason: null,
  pausedBy: [],
  repetition: 1,
  pct: 0,
  ...changes,
})
const run = (members: Record<string, Partial<Member>> = {}, changes: Partial<RunState> = {}): RunState => ({
  ...initialRunState(runSpec()),
  startedAt: 0,
  members: Object.fromEntries([SIMPLE, MEDIUM, COMPLEX].map((address) => [address, member(members[address])])),
  ...changes,
})
const complete = { status: 'complete' as const }
const failed = { status: 'failed' as const, reason: 'errors' as const }
const claims = (itemsFailed: number) => ({
  claims: Object.fromEntries([SIMPLE, MEDIUM, COMPLEX].map((address) => [address, { itemsFailed } as RunState['claims'][string]])),
})
const ended = run({ [SIMPLE]: complete, [MEDIUM]: complete, [COMPLEX]: complete })

const command = (verb: 'pause' | 'continue' | 'cancel' | 'restart', scenario?: string) =>
  ({ type: `run.${verb}`, at: 0, ...(verb === 'restart' && { fresh: false }), ...(scenario !== undefined && { scenario }) }) as Command

describe('judge', () => {
  test('where every item has a result there is nothing to try again, but all of it anew (newcomer 2: 6)', () => {
    const done = { ...ended, ...claims(0) }
    expect(() => judge(done, command('restart', MEDIUM))).toThrow(
      `Nothing to try again: every item of scenario ${MEDIUM} of run "run-1" has a result`,
    )
    expect(() => judge(done, command('restart'))).toThrow('Nothing to try again: every item of run "run-1" has a result')
    expect(judge(done, { type: 'run.restart', fresh: true, scenario: MEDIUM, at: 0 })).toBe('apply')
  })

  test.each([
    ['pause', run(), undefined, 'apply'],
    ['pause', run({}, { pausedBy: ['user'] }), undefined, 'already'],
    ['pause', run({}, { pausedBy: ['database'] }), undefined, 'apply'],
    ['pause', run({ [MEDIUM]: { status: 'paused', pausedBy: ['user'] } }), MEDIUM, 'already'],
    ['pause', run({ [MEDIUM]: { status: 'paused', pausedBy: ['barrier'] } }), MEDIUM, 'apply'],
    ['pause', run({ [MEDIUM]: { status: 'pending' } }), MEDIUM, 'apply'],
    ['continue', run({}, { pausedBy: ['user'] }), undefined, 'apply'],
    ['continue', run(), MEDIUM, 'already'],
    ['continue', run({ [MEDIUM]: { status: 'paused', pausedBy: ['user'] } }), MEDIUM, 'apply'],
    ['cancel', run(), undefined, 'apply'],
    ['cancel', run({ [MEDIUM]: failed }), MEDIUM, 'already'],
    ['cancel', run({ [SIMPLE]: complete, [MEDIUM]: failed, [COMPLEX]: complete }), undefined, 'already'],
    ['restart', ended, undefined, 'apply'],
    ['restart', run({ [MEDIUM]: failed }), MEDIUM, 'apply'],
    ['restart', run({ [MEDIUM]: complete }, claims(1)), MEDIUM, 'apply'],
    ['restart', run({ [MEDIUM]: failed }, claims(0)), MEDIUM, 'apply'],
    ['restart', run({ [SIMPLE]: complete, [MEDIUM]: failed, [COMPLEX]: complete }, claims(0)), undefined, 'apply'],
  ] as const)('%s, row %#: %s', (verb, state, scenario, verdict) => {
    expect(judge(state, command(verb, scenario))).toBe(verdict)
  })

  test.each([
    ['pause', ended, undefined, 'Cannot pause run "run-1": it is complete'],
    ['pause', run({ [MEDIUM]: failed }), MEDIUM, `Cannot pause scenario ${MEDIUM} of run "run-1": it is failed`],
    ['continue', ended, undefined, 'Cannot continue run "run-1": it is complete'],
    [
      'continue',
      run({ [MEDIUM]: { status: 'paused', pausedBy: ['user'] } }, { pausedBy: ['user'] }),
      MEDIUM,
      `Cannot continue scenario ${MEDIUM} of run "run-1": it is paused`,
    ],
    ['cancel', ended, undefined, 'Cannot cancel run "run-1": it is complete'],
    ['cancel', run({ [MEDIUM]: complete }), MEDIUM, `Cannot cancel scenario ${MEDIUM} of run "run-1": it is complete`],
    ['restart', run(), undefined, 'Cannot restart run "run-1": it is running'],
    [
      'restart',
      run({ [MEDIUM]: { status: 'paused', pausedBy: ['user'] } }),
      MEDIUM,
      `Cannot restart scenario ${MEDIUM} of run "run-1": it is paused`,
    ],
    ['pause', run(), 'default/tiny', 'Run "run-1" has no scenario "default/tiny"'],
  ] as const)('%s is refused, row %#', (verb, state, scenario, message) => {
    const refused = () => judge(state, command(verb, scenario))
    expect(refused).toThrow(CommandRefusedError)
    expect(refused).toThrow(message)
  })

  test('every refusal says what to do instead', () => {
    const refusals = [
      () => judge(ended, command('pause')),
      () => judge(run(), command('restart', SIMPLE)),
      () => judge(run(), command('pause', 'x')),
    ]
    const hints = refusals.map((refused) => {
      try {
        refused()
        return null
      } catch (error) {
        return (error as CommandRefusedError).hint
      }
    })
    expect(hints).toEqual([
      'What ended can be restarted: troupe restart run-1 SCENARIO',
      `Cancel it first: troupe cancel run-1 ${SIMPLE}`,
      `It has: ${SIMPLE}, ${MEDIUM}, ${COMPLEX}`,
    ])
  })
})
