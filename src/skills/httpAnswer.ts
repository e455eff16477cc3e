import { HttpAnswerError, HttpStatusError, ResultShapeError } from '../errors.ts'
import type { HttpResponse } from '../plan.ts'
import { InexactNumberError, parseExact } from '../plan/exactJson.ts'
import { redactDeep } from '../redact.ts'
import type { Answer } from './httpClient.ts'

/** How an answer is read. */
export interface Reading {
  /** Of its body. One that has more is read no further. */
  maxBytes: number
  redact(text: string): string
  /** Method and address, as messages may show them. */
  request(): string
}

/** Bytes of the body of an error: more than is shown, and little enough to be read to its end, so that the connection is kept. */
const MAX_ERROR_BYTES = 64 * 1024
const SHOWN = 200

/**
 * A good answer, read to its end. Secrets that came back in it are taken out.
 *
 * @throws {HttpStatusError} where its status is not 2xx.
 * @throws {HttpAnswerError} if its body is too large, is not in the charset that it says, or is to be JSON and is none.
 */
export async function readAnswer(answer: Answer, reading: Reading): Promise<HttpResponse> {
  const status = answer.statusCode
  const headers = redactDeep(flat(answer.headers), reading.redact)
  if (status < 200 || status > 299) throw new HttpStatusError(reading.request(), { status, headers }, await said(answer, headers, reading))
  const { bytes, isWhole } = await readBytes(answer.body, reading.maxBytes)
  const contentType = headers['content-type']
  const encoding = headers['content-encoding'] ?? 'identity'
  if (!/^identity$/i.test(encoding)) {
    throw new HttpAnswerError(`${answered(status, contentType, reading)}, compressed (${encoding.slice(0, 40)}), which was not asked for`)
  }
  if (isWhole) return { status, headers, body: parse(decode(bytes, contentType, reading), contentType, reading) }
  throw new HttpAnswerError(`${reading.request()} was answered with more than maxResultBytes, ${reading.maxBytes} bytes`)
}

/** Reads on until `maxBytes` are passed; then the request is destroyed. */
async function readBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<{ bytes: Uint8Array; isWhole: boolean }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  let isWhole = true
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    isWhole = bytes <= maxBytes
    // Leaving the loop destroys the stream, and its connection with it.
    if (!isWhole) break
  }
  return { bytes: Buffer.concat(chunks), isWhole }
}

/** @throws {HttpAnswerError} if the bytes are not what their charset, or UTF-8 without one, can mean, or nobody here knows the charset. */
function decode(bytes: Uint8Array, contentType: string | undefined, reading: Reading): string {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8'
  let decoder: InstanceType<typeof TextDecoder>
  try {
    decoder = new TextDecoder(charset, { fatal: true })
  } catch {
    throw new HttpAnswerError(`${reading.request()} was answered in the charset ${charset.slice(0, 40)}, which is not known here`)
  }
  try {
    return decoder.decode(bytes)
  } catch {
    throw new HttpAnswerError(`${reading.request()} was answered with bytes that are no ${charset.slice(0, 40)}`)
  }
}

/** The type that the service gives decides, never what the text looks like: else the same service would answer `0042` with a text and `42` with a number. Only without one it is JSON where it can be. */
function parse(text: string, contentType: string | undefined, reading: Reading): unknown {
  if (text === '') return null
  if (contentType !== undefined && !/[/+]json\b/i.test(contentType)) return reading.redact(text)
  try {
    return redactDeep<unknown>(parseExact(text), reading.redact)
  } catch (error) {
    if (error instanceof InexactNumberError)
      throw new HttpAnswerError(`${reading.request()} was answered with JSON in which ${error.message}; let the service write it as a text`)
    if (contentType === undefined) return reading.redact(text)
    // Without the error as its cause: that quotes pieces of the text, in which half a secret would not be recognised.
    throw new HttpAnswerError(`${reading.request()} was answered with broken JSON: ${beginning(text, reading)}`)
  }
}

/** As messages say it: `POST … was answered with 200, text/html`. */
const answered = (status: number, contentType: string | undefined, reading: Pick<Reading, 'request'>) =>
  `${reading.request()} was answered with ${status}, ${contentType === undefined ? 'without a Content-Type' : contentType.slice(0, 80)}`

/** What is wrong with what was made of the answer to a batch: it is no results, or not as many as there were items. Shows the answer. */
export function resultsProblem(made: unknown, items: number, { status, headers, body }: HttpResponse, request: () => string) {
  const results: unknown = Array.isArray(made) ? made : (made as { results?: unknown } | null | undefined)?.results
  if (Array.isArray(results) && results.length === items) return undefined
  const found = Array.isArray(results) ? `${results.length} ${results.length === 1 ? 'result' : 'results'}` : 'no array of results'
  const text = typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body)
  const shown = text.replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN)
  return new ResultShapeError(
    `${answered(status, headers['content-type'], { request })}: ${found} for ${items} ${items === 1 ? 'item' : 'items'}: ${shown === '' ? 'its body is empty' : shown}`,
  )
}

/** What an error says of itself. */
async function said({ statusCode, body }: Answer, headers: Record<string, string>, reading: Reading): Promise<string> {
  // Where the connection is lost in it, the status is what counts: it came before.
  const { bytes } = await readBytes(body, Math.min(reading.maxBytes, MAX_ERROR_BYTES)).catch(() => ({ bytes: new Uint8Array() }))
  const text = new TextDecoder().decode(bytes)
  if (statusCode >= 400 || headers.location === undefined) return beginning(text, reading)
  return `a redirect to ${withoutQuery(headers.location)}, which is not followed`
}

/** Redacted before it is cut: half a secret would not be recognised. */
const beginning = (text: string, { redact }: Reading) => redact(text).replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN)

/** An address as messages may show it: neither query nor credentials. */
export const withoutQuery = (address: string) => address.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//')

const flat = (headers: Answer['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
