import { fromCallback, type EventObject } from 'xstate'
import { MAX_TIMER_MS, type Clock } from '../clock.ts'

export type DeadlineLogic = ReturnType<typeof createDeadline>

/** Sends `deadline.passed` once `input.at` (epoch ms) is reached. Its input is in the snapshot, so a restored parent re-arms it. */
export const createDeadline = (clock: Clock) =>
  fromCallback<EventObject, { at: number }>(({ input, sendBack }) => {
    let timer: unknown
    const arm = () => {
      const left = input.at - clock.now()
      if (left <= 0) return sendBack({ type: 'deadline.passed', at: clock.now() })
      timer = clock.setTimeout(arm, Math.min(left, MAX_TIMER_MS))
    }
    arm()
    return () => clock.clearTimeout(timer)
  })
