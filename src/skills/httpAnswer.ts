import { HttpAnswerError, HttpStatusError } from '../errors.ts'
import type { HttpResponse } from '../plan.ts'
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
 * @throws {HttpAnswerError} if its body is too large, or says that it is JSON and is none.
 */
export async function readAnswer(answer: Answer, reading: Reading): Promise<HttpResponse> {
  const status = answer.statusCode
  const headers = redactDeep(flat(answer.headers), reading.redact)
  if (status < 200 || status > 299) throw new HttpStatusError(reading.request(), { status, headers }, await said(answer, headers, reading))
  const { text, isWhole } = await readText(answer.body, reading.maxBytes)
  if (isWhole) return { status, headers, body: parse(text, headers['content-type'], reading) }
  throw new HttpAnswerError(`${reading.request()} was answered with more than maxResultBytes, ${reading.maxBytes} bytes`)
}

/** Reads on until `maxBytes` are passed; then the request is destroyed. */
async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<{ text: string; isWhole: boolean }> {
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
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), isWhole }
}

function parse(text: string, contentType: string | undefined, reading: Reading): unknown {
  if (text === '') return null
  try {
    return redactDeep<unknown>(JSON.parse(text), reading.redact)
  } catch {
    // Without the error as its cause: that quotes pieces of the text, in which half a secret would not be recognised.
    if (!/[/+]json\b/i.test(contentType ?? '')) return reading.redact(text)
    throw new HttpAnswerError(`${reading.request()} was answered with broken JSON: ${beginning(text, reading)}`)
  }
}

/** What an error says of itself. */
async function said({ statusCode, body }: Answer, headers: Record<string, string>, reading: Reading): Promise<string> {
  // Where the connection is lost in it, the status is what counts: it came before.
  const { text } = await readText(body, Math.min(reading.maxBytes, MAX_ERROR_BYTES)).catch(() => ({ text: '' }))
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
