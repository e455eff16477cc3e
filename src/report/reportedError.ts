/** One failed attempt, as it is stored and shown: flat JSON, cut to a bounded size. */
export interface ReportedError {
  /** Epoch ms. */
  at: number
  message: string
  name: string
  class: 'critical' | 'recoverable' | 'transient' | 'ignored'
  repetition: number
  batch: number
  /** Its items, half-open. Version 0.1.0 did not store them. */
  range?: readonly [from: number, to: number]
  attempt: number
  /** How many items failed so, where they failed alone. */
  items?: number
  /** The numbers of the first twenty of them. */
  itemNumbers?: number[]
  code?: string
  /** Of HTTP. */
  status?: number
  /** Its stack in the user's files, nearest first, at most five, relative to the plan. */
  frames?: string[]
  causes?: { name: string; message: string }[]
  retryAfterMs?: number
}
