import { readdirSync, readFileSync } from 'node:fs'
import type { AnyStateMachine } from 'xstate'
import { getStateNodes } from 'xstate/graph'
import { describe, expect, test } from 'vitest'
import { barrierMachine } from '../../src/machines/barrier.ts'
import { breakerMachine } from '../../src/machines/breaker.ts'
import { orchestratorMachine } from '../../src/machines/orchestrator.ts'
import { scenarioMachine } from '../../src/machines/scenario.ts'

const FOLDER = new URL('../../src/machines/', import.meta.url)
const sources = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(new URL(file, FOLDER), 'utf8') }))

/** What no machine may say, and why. */
const BANNED: [what: RegExp, why: string][] = [
  [/\bDate\s*\.\s*now\b|\bnew Date\b|\bperformance\b|\bhrtime\b/, 'asks for the time: events carry it'],
  [/\bMath\s*\.\s*random\b|\bcrypto\b|\bnanoid\b/, 'is left to chance'],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, 'waits by itself'],
  [/\bdelay\s*:|\bdelays\s*:|\bcancel\(/, 'delays an event: a restore would lose it'],
  [/\bafter\s*:\s*\{/, 'uses "after": a restore would lose it'],
  [/\bawait\b|\basync\b|\bPromise\b/, 'has an effect of its own'],
  [/\bfrom '(?:node:|postgres|pino)/, 'reaches for the outside'],
  [/\bspawn(?:Child)?\((?!\s*')/, 'spawns something that is no string: a restore would lose it'],
  [/\bsrc\s*:(?!\s*')/, 'invokes something that is no string: a restore would lose it'],
]

const complaints = (text: string) => BANNED.filter(([what]) => what.test(text)).map(([, why]) => why)

describe('sources of the machines', () => {
  test.each(sources)('$file keeps the rules', ({ text }) => {
    expect(complaints(text)).toEqual([])
  })

  test.each([
    'const at = Date.now()',
    'const at = new Date()',
    'if (Math.random() < 0.5) return',
    'setTimeout(go, 5)',
    "raise({ type: 'go' }, { delay: 5 })",
    "waiting: { after: { 1000: 'gone' } }",
    'entry: async () => {}',
    "import { readFile } from 'node:fs/promises'",
    'enqueue.spawnChild(logic, { id })',
    'spawn(machine)',
    'invoke: { src: deadline }',
    'invoke: { src: fromPromise(load) }',
  ])('"%s" would be seen', (text) => {
    expect(complaints(text)).toHaveLength(1)
  })

  test.each(["{ type: 'scenario.continued', after: reason, at }", "enqueue.spawnChild('lane', { id })", "invoke: { src: 'deadline' }"])(
    '"%s" is fine',
    (text) => {
      expect(complaints(text)).toEqual([])
    },
  )
})

const STATES: Record<string, { keys: string[]; final: string[] }> = {
  run: { keys: ['pending', 'running', 'paused', 'complete', 'failed'], final: ['complete', 'failed'] },
  barrier: { keys: ['waiting', 'stopped', 'releasing', 'released'], final: [] },
  breaker: { keys: ['closed', 'open', 'halfOpen', 'forcedOpen', 'disabled'], final: [] },
}

describe.each<[string, AnyStateMachine]>([
  ['orchestrator', orchestratorMachine],
  ['scenario', scenarioMachine],
  ['barrier', barrierMachine],
  ['breaker', breakerMachine],
])('the machine %s', (name, machine) => {
  test('has an id, a version, and no transition that waits', () => {
    expect(machine.id).toBe(name)
    expect(machine.version).toMatch(/^\d+$/)
    expect(Object.keys(machine.implementations.delays)).toEqual([])
    for (const node of getStateNodes(machine.root)) expect(node.after).toEqual([])
    expect(machine.root.after).toEqual([])
  })

  test('invokes by name only what its host provides', () => {
    const invoked = getStateNodes(machine.root).flatMap((node) => node.invoke.map(({ src }) => src))
    for (const src of invoked) expect(Object.keys(machine.implementations.actors)).toContain(src)
  })

  test('has a state of its own for every status, and says which are final', () => {
    const states = getStateNodes(machine.root)
    const { keys, final } = STATES[name] ?? STATES.run!
    expect(states.map(({ key }) => key)).toEqual(keys)
    expect(states.filter(({ tags }) => tags.includes('final')).map(({ key }) => key)).toEqual(final)
  })
})
