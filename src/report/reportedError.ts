/** One failed attempt, as it is stored and shown: flat JSON, cut to a bounded size. */
export interface ReportedError {
  /** Epoch ms. */
  at: number
  message: string
  name: string
  class: 'critical' | 'recoverable' | 'transient' | 'ignored'
  repetition: number
  batch: number
  attempt: number
  /** How many items failed so, where they failed alone. */
  items?: number
  /** The numbers of the first twenty of them. */
  itemNumbers?: number[]
  code?: string
  /** Of HTTP. */
  status?: number
  causes?: { name: string; message: string }[]
  retryAfterMs?: number
}
