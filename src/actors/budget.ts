import { fromCallback, type EventObject } from 'xstate'
import { MAX_TIMER_MS, type Clock } from '../clock.ts'
import type { Activity } from './activity.ts'

export type BudgetLogic = ReturnType<typeof createBudget>

/**
 * A deadline in active time: armed, whenever calls begin, for now plus what is left, and sends `budget.spent` when it is used up.
 * What was used before is in its input (ms), so that a restore goes on counting, and a fresh start begins anew.
 */
export const createBudget = (clock: Clock, stageOf: (whose: { run: string; scenario: string }) => { activity: Activity }) =>
  fromCallback<EventObject, { run: string; scenario: string; limitMs: number; usedMs: number }>(({ input, sendBack }) => {
    const { activity } = stageOf(input)
    activity.startFrom(input.usedMs)
    let timer: unknown
    const arm = () => {
      const left = input.limitMs - activity.runningMs
      if (left <= 0) return sendBack({ type: 'budget.spent', at: clock.now() })
      timer = activity.idle ? undefined : clock.setTimeout(arm, Math.min(Math.ceil(left), MAX_TIMER_MS))
    }
    activity.onBegin = () => {
      if (timer === undefined) arm()
    }
    arm()
    return () => {
      activity.onBegin = undefined
      clock.clearTimeout(timer)
    }
  })
