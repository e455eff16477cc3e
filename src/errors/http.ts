import { messageOf, TroupeError } from './troupeError.ts'

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
   * @param hint Where the answer is not that of the service.
   */
  constructor(request: string, { status, headers }: { status: number; headers: Record<string, string> }, said: string, hint?: string) {
    const asks = status === 407 ? ['the proxy asks for a user and a password'] : []
    super([`${request} was answered with ${status}`, ...asks, ...(said === '' ? [] : [said])].join(': '))
    this.status = status
    this.headers = headers
    this.hint = status === 407 || hint === undefined ? hintFor(status) : hint
  }
}

/** A request got no answer, or not all of it: the service cannot be reached, hangs up, or does not speak what the address says. Its class is that of the cause. */
export class HttpConnectionError extends TroupeError {
  readonly code = 'HTTP_CONNECTION'
  readonly hint: string

  /**
   * @param request Method and address, as they may be shown.
   * @param cause As the system or undici say it.
   */
  constructor(request: string, cause: unknown) {
    const { code, reason } = cause as { code?: unknown; reason?: unknown }
    const isPlain = code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
    // What OpenSSL has for a message begins with the number of a thread, and ends with a line of its source.
    const why = typeof reason === 'string' ? `TLS: ${reason}` : messageOf(cause)
    super(`${request} failed: ${why}${isPlain ? '; what answers there does not speak https' : ''}`, { cause })
    if (isPlain) this.hint = 'Write http:// into the url of the plan, or give the port that speaks https'
    else if (/CERT|SELF_SIGNED|UNABLE_TO/.test(String(code))) this.hint = 'Let Node trust the certificate: NODE_EXTRA_CA_CERTS=FILE'
    else this.hint = 'See whether the service runs at this address, and whether it hangs up by itself'
  }
}

/** The proxy that the environment names cannot be reached, or does not answer. */
export class ProxyConnectionError extends TroupeError {
  readonly code = 'PROXY_CONNECTION'
  readonly hint = 'Check the variable that names the proxy, and that the proxy runs; NO_PROXY names hosts that are reached without it'
  readonly class = 'transient'

  /** @param proxy Address and variable, as they may be shown. */
  constructor(proxy: string, cause: unknown) {
    super(`The proxy ${proxy} cannot be reached: ${messageOf(cause)}`, { cause })
  }
}

function hintFor(status: number): string {
  if (status < 400) return 'Redirects are not followed: write the address that it leads to into the url of the plan'
  if (status === 401 || status === 403) return 'Give what the service asks for in headers: authorization: "Bearer ${env:TOKEN}"'
  if (status === 407)
    return 'Write both into the variable that names the proxy, percent-encoded: http://USER:PASSWORD@HOST:PORT. No authentication but Basic is supported'
  if (status === 429) return 'Lower concurrency or parallel, or raise retry.attempts'
  if (status === 408 || status === 425 || status >= 500)
    return 'Raise retry.attempts if it passes; otherwise look into the log of the service'
  return 'Look at url, headers and body of the skill, and at what the service says of them'
}

/** An answer is larger than `maxResultBytes`, or says that it is JSON and is none. */
export class HttpAnswerError extends TroupeError {
  readonly code = 'HTTP_ANSWER'
  readonly hint: string =
    'Let the service answer with JSON of at most maxResultBytes; lower batchSize where it answers for several items at once'
  readonly class = 'critical'
}

/** The templates of a skill, or the environment, give nothing that could be used with this batch. */
export class TemplateError extends TroupeError {
  readonly code = 'TEMPLATE'
  readonly hint: string
  readonly class = 'critical'

  constructor(message: string, { hint, ...options }: ErrorOptions & { hint?: string } = {}) {
    super(message, options)
    this.hint =
      hint ?? 'Look at the items that come in, and at the places of the templates: only one that stands alone may be without a value'
  }
}
