import { TroupeError } from './troupeError.ts'

/** A service answered with a status other than 2xx. Its class is that of the status. */
export class HttpStatusError extends TroupeError {
  readonly code = 'HTTP_STATUS'
  readonly hint: string
  readonly status: number
  /** By lower-case name. `retry-after` says when to try again. */
  readonly headers: Readonly<Record<string, string>>

  /**
   * @param request Method and address, as they may be shown.
   * @param said What of the answer may be shown: the beginning of its body, or where it redirects to.
   */
  constructor(request: string, { status, headers }: { status: number; headers: Record<string, string> }, said: string) {
    super(`${request} was answered with ${status}${said === '' ? '' : `: ${said}`}`)
    this.status = status
    this.headers = headers
    this.hint = hintFor(status)
  }
}

function hintFor(status: number): string {
  if (status < 400) return 'Redirects are not followed: write the address that it leads to into the url of the plan'
  if (status === 401 || status === 403) return 'Give what the service asks for in headers: authorization: "Bearer ${env:TOKEN}"'
  if (status === 429) return 'Lower concurrency or parallel, or raise retry.attempts'
  if (status === 408 || status === 425 || status >= 500)
    return 'Raise retry.attempts if it passes; otherwise look into the log of the service'
  return 'Look at url, headers and body of the skill, and at what the service says of them'
}

/** An answer is larger than `maxResultBytes`, or says that it is JSON and is none. */
export class HttpAnswerError extends TroupeError {
  readonly code = 'HTTP_ANSWER'
  readonly hint = 'Let the service answer with JSON of at most maxResultBytes; lower batchSize where it answers for several items at once'
  readonly class = 'critical'
}

/** The templates of a skill give nothing that could be used with this batch. */
export class TemplateError extends TroupeError {
  readonly code = 'TEMPLATE'
  readonly hint = 'Look at the items that come in, and at the places of the templates: only one that stands alone may be without a value'
  readonly class = 'critical'
}
