import { fromCallback, type EventObject } from 'xstate'
import type { Clock } from '../clock.ts'
import type { Unconfirmed } from '../persistence/store.ts'

export interface UnconfirmedInput {
  run: string
  scenario: string
  size: number
  repetition: number
  round: number
  firstRound: number
  /** The item to look from. */
  from: number
}

export type UnconfirmedLogic = ReturnType<typeof createUnconfirmed>

/** Asks the store which ranges of items a round has left, and answers with `work.fetched`. */
export const createUnconfirmed = (
  clock: Clock,
  find: (input: UnconfirmedInput) => Promise<Unconfirmed>,
  onError: (run: string, error: unknown) => void,
) =>
  fromCallback<EventObject, UnconfirmedInput>(({ input, sendBack }) => {
    let stopped = false
    find(input).then(
      (found) => {
        if (!stopped) sendBack({ type: 'work.fetched', at: clock.now(), ...found })
      },
      (error: unknown) => onError(input.run, error),
    )
    return () => {
      stopped = true
    }
  })
