import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openTroupe } from '../../src/troupe.ts'

const module = fileURLToPath(new URL('./fixtures/echo.mjs', import.meta.url))
const plan = {
  name: 'short',
  skill: { kind: 'function' as const, module, isolation: 'inline' as const },
  scenarios: { only: { size: 20 } },
}
const usage = (message: string) => ({ code: 'USAGE', exitCode: 2, message, hint: expect.stringContaining(' takes ') })

test.for<[object, string]>([
  [{ databse: 'memory' }, 'openTroupe has no option "databse"; did you mean database?'],
  [{ database: 5 }, 'openTroupe: database: expected a URL, "embedded" or "memory"'],
  [{ retryForMs: -1 }, 'openTroupe: retryForMs: expected a number of ms'],
  [{ retryForMs: Number.NaN }, 'openTroupe: retryForMs: expected a number of ms'],
  [{ zzz: 1 }, 'openTroupe has no option "zzz"'],
])('openTroupe(%o) is refused (newcomer 2: 11)', async ([options, message]) => {
  await expect(openTroupe(options)).rejects.toMatchObject(usage(message))
})

test('options that mean nothing, times that are none and plans that are none are refused (newcomer 2: 11)', async () => {
  await using troupe = await openTroupe({ database: 'memory' })
  const start = (options: object) => troupe.start(plan, options)
  await expect(start({ overides: {} })).rejects.toMatchObject(usage('start has no option "overides"; did you mean overrides?'))
  await expect(start({ overrides: { sise: 3 } })).rejects.toMatchObject(usage('start: overrides has no option "sise"; did you mean size?'))
  await expect(start({ bail: 'yes' })).rejects.toMatchObject(usage('start: bail: expected true or false'))
  await expect(troupe.start(undefined as never)).rejects.toMatchObject({ code: 'PLAN_INVALID' })
  await expect(troupe.start(5 as never)).rejects.toMatchObject({ code: 'PLAN_INVALID' })
  expect(await troupe.list()).toEqual([])

  const run = await troupe.start(plan, { id: 'short' })
  await run.result()
  const noTime = usage('prune: olderThanMs: expected a number of ms, at least 0')
  for (const olderThanMs of [-1, Number.NaN, undefined, '1']) {
    await expect(troupe.prune({ olderThanMs } as never)).rejects.toMatchObject(noTime)
  }
  await expect(troupe.prune(undefined as never)).rejects.toMatchObject(usage('prune: expected an object of options'))
  expect(await troupe.prune({ olderThanMs: Number.MAX_VALUE })).toEqual([])
  await expect(troupe.resume('short', { retryFaild: true } as never)).rejects.toMatchObject(
    usage('resume has no option "retryFaild"; did you mean retryFailed?'),
  )

  const results = async (filter: object) => {
    const items = []
    for await (const batch of run.results(filter)) items.push(...batch.results)
    return items.length
  }
  expect([await results({}), await results({ scenario: 'only' }), await results({ variant: 'default' })]).toEqual([20, 20, 20])
  const refused = { code: 'COMMAND_REFUSED', hint: 'It has: default/only' }
  await expect(results({ scenario: 'nope' })).rejects.toMatchObject({ ...refused, message: 'Run "short" has no scenario "nope"' })
  await expect(results({ variant: 'nope' })).rejects.toMatchObject({ ...refused, message: 'Run "short" has no variant "nope"' })
  await expect(results({ scenaro: 'only' })).rejects.toMatchObject(usage('results has no option "scenaro"; did you mean scenario?'))
})
