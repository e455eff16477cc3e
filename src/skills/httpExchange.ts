import { proxyCredentials } from '../environment.ts'
import { HttpConnectionError, TemplateError, TroupeError } from '../errors.ts'
import { environmentNames, type HttpFunctions, type HttpResponse, type HttpSkill } from '../plan.ts'
import { redactorOf, valuesOf } from '../redact.ts'
import { fieldOf } from './errorChain.ts'
import { messageOf } from './errorClass.ts'
import { readAnswer, type Reading, resultsProblem } from './httpAnswer.ts'
import type { HttpClient, HttpRequest } from './httpClient.ts'
import { compileRequest, encodeBody } from './httpRequest.ts'
import { proxyFor, shownProxy } from './proxies.ts'
import { compileTemplate, scopeOf } from './render.ts'
import type { SkillContext } from './skill.ts'

/** One request and its answer. `input`: the items of a batch, or one item. */
export type Exchange = (input: unknown, context: SkillContext) => Promise<unknown>

/** @param maxBytes Of an answer. */
export function createExchange(spec: HttpSkill, functions: HttpFunctions, client: HttpClient, maxBytes: number): Exchange {
  const request = compileRequest(spec)
  const result = compileTemplate(spec.result)
  const secrets = environmentNames(spec)
  const inputName = spec.mode === 'item' ? 'item' : 'items'

  return async (input, context) => {
    const scope = { ...scopeOf(context), [inputName]: input }
    const { body, contentType } = encodeBody(await bodyOf(input, context, scope))
    const headers = {
      'idempotency-key': headerValue(context.idempotencyKey),
      ...(contentType !== null && { 'content-type': contentType }),
      ...request.headers(scope),
    }
    const url = request.url(scope)
    const proxy = proxyFor(url)
    // To a service of https the proxy is a pipe: what answers is the service.
    const by = proxy && url.protocol === 'http:' ? ` through ${shownProxy(proxy)}` : ''
    const sent = { method: spec.method, url, headers, body, proxy }
    // A proxy may say again what it was told.
    const redact = redactorOf([...valuesOf(secrets), ...(proxy ? proxyCredentials() : [])])
    const reading = { maxBytes, redact, request: () => `${request.shown(scope)}${by}` }
    const response = await answerTo(sent, reading, context.signal)
    const made = functions.result ? await functions.result(response, input) : result({ ...response, [inputName]: input })
    const problem =
      Array.isArray(input) && spec.mode === 'batch' ? resultsProblem(made, input.length, response, reading.request) : undefined
    if (problem) throw problem
    return made
  }

  function bodyOf(input: unknown, context: SkillContext, scope: Record<string, unknown>): unknown {
    if (functions.body) return functions.body(input, context)
    return spec.body === null ? undefined : request.body(scope)
  }

  async function answerTo(sent: HttpRequest, reading: Reading, signal: AbortSignal): Promise<HttpResponse> {
    try {
      return await client.exchange(sent, signal, (answer) => readAnswer(answer, reading))
    } catch (error) {
      throw signal.aborted ? error : failureOf(error, reading)
    }
  }
}

/** What could not even be sent has a value in it that does not belong there; all else that is no answer is the connection. */
function failureOf(error: unknown, reading: Reading): unknown {
  if (error instanceof TroupeError) return error
  const code = fieldOf(error, 'code')
  if (code !== 'UND_ERR_INVALID_ARG' && code !== 'UND_ERR_NOT_SUPPORTED') return new HttpConnectionError(reading.request(), error)
  return new TemplateError(`${reading.request()} cannot be sent: ${messageOf(error)}`, { cause: error })
}

/** Names of scenarios may hold what headers may not. */
const headerValue = (key: string) => key.replaceAll(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character.toWellFormed()))
