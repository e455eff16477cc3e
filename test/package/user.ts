// Compiled against the built package, as a user's strict project is: no `skipLibCheck`, no types of Node, the libraries of its target.
import { definePlan, openTroupe, runLogic, type Report, type Skill } from 'troupe'

const plan = definePlan({ name: 'typed', skill: './skill.mjs', scenarios: { small: { size: 10 } } })

export async function passes(): Promise<boolean> {
  const troupe = await openTroupe({ database: 'memory' })
  try {
    const run = await troupe.start(plan, { id: 'typed' })
    for await (const { from, results } of run.results({ scenario: 'small' })) report(from, results)
    const outcome: Report = await run.result()
    return outcome.verdict.status === 'pass'
  } finally {
    await troupe.close()
  }
}

export const logicOf = runLogic

export const lengths: Skill<{ name: string }, number> = (items, { difficulty }) =>
  items.map(({ name }) => (difficulty === 'easy' ? name.length : 0))

function report(from: number, results: unknown[]) {
  if (results.length > from) throw new RangeError('more results than items')
}
