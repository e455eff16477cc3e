import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SimulatedClock } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { restore } from '../../src/host/restore.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import { normalizePlan } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'
import { createDatabase } from '../support/database.ts'
import { GOLDEN_AT, goldenSnapshots, goldenSpec } from '../golden/goldenRun.ts'

const module = fileURLToPath(new URL('./fixtures/gated.mjs', import.meta.url))
const NAMES = ['barrier', 'breaker', 'orchestrator', 'scenario', 'constructor', 'default', 'n1']

const planOf = (variants: readonly string[], gate: string) => ({
  name: 'named',
  variants: Object.fromEntries(
    variants.map((name) => [name, { kind: 'function' as const, module, isolation: 'inline' as const, params: { gate } }]),
  ),
  scenarios: { breaker: { size: 20 }, barrier: { size: 20 }, constructor: { size: 20 } },
  sync: { mode: 'milestone' as const, at: [50, 100], timeoutMs: 60_000 },
})

test('variants and scenarios may be called like actors and like members of objects: paused, stopped, resumed to the end', async () => {
  const { url } = await createDatabase()
  const open = async () => {
    const troupe = await openTroupe({ database: url })
    onTestFinished(() => troupe.close({ shutdownMs: 0 }))
    return troupe
  }
  const directory = await mkdtemp(join(tmpdir(), 'names-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const gate = join(directory, 'open')
  const before = await open()
  const run = await before.start(planOf(NAMES, gate), { id: 'named' })
  for await (const { type } of run.events()) if (type === 'milestone.reached') break
  await run.pause()
  await before.close()

  const after = await open()
  const again = await after.resume('named')
  expect(again.resumed).toBe(true)
  await writeFile(gate, '')
  await again.continue()
  const report = await again.result()
  expect(report).toMatchObject({ status: 'complete' })
  expect(report.scenarios).toHaveLength(NAMES.length * 3)
  expect(report.scenarios.every(({ items, size }) => items === size)).toBe(true)
  expect(report.breakers.map(({ variant, state }) => `${variant} ${state}`)).toEqual(NAMES.map((name) => `${name} closed`))
})

test.each(['__proto__', 'a/b', 'a:b', 'Barrier', ''])('a variant called %j is refused', (name) => {
  const variants = JSON.parse(`{ ${JSON.stringify(name)}: "./echo.mjs" }`) as Record<string, string>
  const directory = fileURLToPath(new URL('./fixtures/', import.meta.url))
  expect(() => normalizePlan({ name: 'x', variants }, { directory })).toThrow(expect.objectContaining({ code: 'PLAN_INVALID' }))
})

test('a barrier that version 0.1.0 stored is restored, and gives way to what has been stored of it since', async () => {
  const store = openMemoryStore({ clock: new SimulatedClock() })
  const run = await store.create({ id: 'golden', name: 'golden', plan: {}, planVersion: 1, fingerprint: 'f', skillVersions: {} })
  const rows = goldenSnapshots().map((g) => ({ kind: 'snapshot' as const, status: g.snapshot.value, ...g }))
  await store.journal.append(run, rows)
  const barrierOf = async () => {
    const { snapshot } = await restore({ store, spec: goldenSpec(), seenAt: GOLDEN_AT, now: GOLDEN_AT })
    const { children } = snapshot as unknown as { children: Record<string, { snapshot: { context: { leftMs: number } } }> }
    return Object.entries(children).flatMap(([id, child]) => (id.startsWith('barrier') ? [`${id} ${child.snapshot.context.leftMs}`] : []))
  }
  expect(await barrierOf()).toEqual(['barrier:1:50 17655'])
  const old = rows.find(({ machine }) => machine === 'barrier')!
  const { context } = old.snapshot
  await store.journal.append(run, [{ ...old, actor: 'barrier:1:50', snapshot: { value: 'stopped', context: { ...context, leftMs: 5 } } }])
  expect(await barrierOf()).toEqual(['barrier:1:50 5'])
})
