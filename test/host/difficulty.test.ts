import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { PlanInput } from '../../src/plan.ts'
import { openTroupe } from '../../src/troupe.ts'

test('skills of every kind see the difficulty of their scenario, and the report has it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-difficulty-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const module = join(directory, 'skill.mjs')
  await writeFile(module, 'export default (items, { difficulty }) => items.map(() => difficulty)\n')
  await using troupe = await openTroupe({ database: 'memory' })
  const plan = {
    name: 'labelled',
    variants: {
      inline: { kind: 'function', module, isolation: 'inline' },
      apart: { kind: 'function', module },
      command: { kind: 'command', command: ['sh', '-c', 'cat >/dev/null; echo "$LABEL"'], env: { LABEL: '${difficulty}' }, stdout: 'text' },
    },
    scenarios: { first: { size: 1 }, second: { size: 2, batchSize: 1, difficulty: 'nasty' } },
  } satisfies PlanInput
  const run = await troupe.start(plan)
  const report = await run.result()
  expect(report.status).toBe('complete')
  const seen = new Set<string>()
  for await (const { variant, scenario, results } of run.results()) seen.add(`${variant}/${scenario} ${String(results[0])}`)
  const both = (variant: string) => [`${variant}/first easy`, `${variant}/second nasty`]
  expect([...seen].toSorted()).toEqual([...both('apart'), ...both('command'), ...both('inline')])
  expect(report.scenarios.map(({ name, difficulty }) => `${name} ${difficulty}`)).toEqual(
    ['inline', 'apart', 'command'].flatMap(() => ['first easy', 'second nasty']),
  )
})
