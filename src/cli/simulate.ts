import { InvalidArgumentError, type Command } from 'commander'
import type { SimulatedGroups } from '../index.ts'
import { handle } from './invocation.ts'
import { jsonDocument, type Output } from './output.ts'
import { wholeNumber } from './overrides.ts'

interface GroupsFlags {
  groups: number
  workers: number
  fail: number
  seed: number
}

const SHOWN = 20
/** A schedule of so many takes a second: its time grows with the square of the groups. */
const MOST_GROUPS = 1_000

/** 20 up to 200 groups, fewer of more: a few seconds at most. */
const schedulesOf = (groups: number) => Math.max(3, Math.min(20, Math.floor(800_000 / groups ** 2)))

export function define(command: Command) {
  command
    .command('groups')
    .description('let parallel groups end in random orders, and show that each leaves one claim whatever the order')
    .requiredOption('--groups <n>', `how many, 1 to ${MOST_GROUPS}`, upTo(MOST_GROUPS))
    .requiredOption('--workers <n>', 'how many of them are at work at once, at least 1', upTo(Number.MAX_SAFE_INTEGER))
    .option('--fail <p>', 'probability that a group fails, 0 to 1', probability, 0)
    .option('--seed <n>', 'the same seed makes the same schedules', wholeNumber, 1)
    .action(
      handle<GroupsFlags>(async ({ options, output }) => {
        const { simulateGroups } = await import('../index.ts')
        const { groups, workers, fail, seed } = options
        // Workers that would never get a group change nothing.
        const simulated = simulateGroups({ groups, workers: Math.min(workers, groups), fail, seed, schedules: schedulesOf(groups) })
        const { broken, shown: _shown, ...rest } = { ...simulated, workers }
        await output.print(output.json ? jsonDocument(rest) : await text({ ...simulated, workers }, output))
        for (const complaint of broken) output.warn(complaint)
        return broken.length === 0 ? 0 : 1
      }),
    )
}

async function text(simulated: SimulatedGroups, output: Output): Promise<string> {
  const { duration, textPage, textTable } = await import('../index.ts')
  const page = textPage(output)
  const rows = simulated.shown.slice(0, SHOWN).map((row, place) => ({ ...row, place: place + 1 }))
  const table = textTable<(typeof rows)[number]>(
    [
      { title: 'ended as', align: 'right', cell: ({ place }) => String(place) },
      { title: 'group', cell: ({ name }) => name },
      { title: 'worker', align: 'right', cell: ({ worker }) => String(worker + 1) },
      { title: 'after', align: 'right', cell: ({ endedAt }) => duration(endedAt) },
      { title: 'told', align: 'right', cell: ({ againAt }) => (againAt === null ? 'once' : 'twice') },
      { title: 'claim', cell: ({ claim }) => claim ?? 'none' },
    ],
    rows,
    page,
  )
  const { groups, workers, fail, seed, schedules, claims, results, diagnostics, same } = simulated
  const more = groups > SHOWN ? [`and ${groups - SHOWN} others`] : []
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  const outcome = same
    ? 'whatever the order, each group left one claim, and the aggregate is that of the orderly schedule'
    : 'NOT the same in every order'
  const totals = `${count(groups, 'group')} on ${count(workers, 'worker')}, ${schedules} random schedules, failing with probability ${fail}, seed ${seed}: ${count(claims, 'claim')}, ${count(results, 'result')} and ${count(diagnostics, 'diagnostic')}; ${outcome}`
  return `${[...table, ...more, '', ...page.wrapped(totals)].join('\n')}\n`
}

function upTo(most: number) {
  return (written: string): number => {
    const n = wholeNumber(written)
    if (n < 1 || n > most) throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`)
    return n
  }
}

function probability(written: string): number {
  const p = written.trim() === '' ? Number.NaN : Number(written)
  if (!(p >= 0 && p <= 1)) throw new InvalidArgumentError('Expected a number from 0 to 1.')
  return p
}
