import { InvalidArgumentError, type Command } from 'commander'
import type { PlanOverrides } from '../index.ts'

/** Options that change a plan. What they may be is checked with it. */
export const addOverrides = (command: Command): Command =>
  command
    .option('--sync <mode>', 'free, milestone or lockstep')
    .option('--order <order>', 'parallel or serial')
    .option('--only <names>', 'only these scenarios, separated by commas', names)
    .option('--size <items>', 'base size, in place of the one in the plan', wholeNumber)
    .option('--limit <items>', 'at most so many items of each scenario', wholeNumber)
    .option('--ladder', 'sizes 1, 2, 4 … 64 times the base, one after the other, twice')

/** What these options change, without the other options of the command. */
export const overridesIn = ({ sync, order, only, size, ladder, limit }: PlanOverrides): PlanOverrides => ({
  sync,
  order,
  only,
  size,
  ladder,
  limit,
})

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
