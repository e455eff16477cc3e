import { fieldOf } from './errorChain.ts'

/** How long the other side asks us to wait, ms from `now`: the error's `retryAfterMs`, or the `Retry-After` among its (or its response's) headers. */
export function retryAfterMs(error: unknown, now: number): number | undefined {
  const own = fieldOf(error, 'retryAfterMs')
  if (typeof own === 'number' && own >= 0 && Number.isFinite(own)) return own
  const header = headerOf(fieldOf(error, 'headers')) ?? headerOf(fieldOf(fieldOf(error, 'response'), 'headers'))
  return header === undefined ? undefined : parseRetryAfter(header, now)
}

/** @param header Seconds, or an HTTP date. @returns ms from `now`, never negative; `undefined` where it is neither. */
export function parseRetryAfter(header: string, now: number): number | undefined {
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function headerOf(headers: unknown): string | undefined {
  const value = headers instanceof Headers ? headers.get('retry-after') : fieldOf(headers, 'retry-after')
  return typeof value === 'string' ? value : undefined
}
