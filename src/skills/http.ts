import { BreakerOpenError, OwnershipUnsureError, SkillClosedError, SkillLoadError, type TemplateError } from '../errors.ts'
import { environmentNames, parseTemplate, skillText, type HttpFunctions, type HttpSkill } from '../plan.ts'
import type { SkillScenario } from './context.ts'
import { messageOf } from './errorClass.ts'
import type { SkillHost } from './host.ts'
import { HttpClient } from './httpClient.ts'
import { createExchange, type Exchange } from './httpExchange.ts'
import { compileRequest } from './httpRequest.ts'
import { InlineSkill } from './inline.ts'
import { overlap, type Overlapped } from './overlap.ts'
import { proxyFor } from './proxies.ts'
import { knownOnly } from './returned.ts'
import type { CallOptions, Skill, SkillContext, SkillFunction, SkillReturn } from './skill.ts'

/**
 * An endpoint as a skill, ready for one scenario's batches. It runs in our process: all it does is wait.
 *
 * @throws {SkillLoadError} as `checkHttpSkill` does, or if a function makes a body for a method that has none.
 */
export async function openHttpSkill(spec: HttpSkill, scenario: SkillScenario, host: SkillHost, functions: HttpFunctions): Promise<Skill> {
  await checkHttpSkill(spec)
  if (functions.body && (spec.method === 'GET' || spec.method === 'HEAD')) {
    throw new SkillLoadError(`${skillText(spec)} has a body, which ${spec.method} does not send`, {
      hint: 'Leave body out, or give another method',
    })
  }
  const client = new HttpClient()
  const exchange = createExchange(spec, functions, client, host.maxResultBytes)
  const itemwise = spec.mode === 'item'
  const skill = itemwise ? perItem(exchange, spec.concurrency) : asFunction(exchange, spec, functions)
  return new InlineSkill(skill, scenario, host, { release: () => client.close(), itemwise })
}

/**
 * Looks whether its requests could be made. None is.
 *
 * @returns no files: nothing says whether the service has changed.
 * @throws {SkillLoadError} if an environment variable is not set, the result names one, the url is no address, or the proxy for it is none.
 */
export async function checkHttpSkill(spec: HttpSkill): Promise<never[]> {
  const missing = environmentNames(spec).find((name) => process.env[name] === undefined)
  if (missing !== undefined) {
    throw new SkillLoadError(`The environment variable ${missing} is not set, and ${skillText(spec)} needs it`, {
      hint: `Set it: export ${missing}=…`,
    })
  }
  if (JSON.stringify(spec.result).includes('${env:')) checkResult(spec)
  checkAddress(spec)
  return []
}

function checkResult(spec: HttpSkill) {
  const named = environmentNames({ ...spec, url: '', headers: {}, body: null })
  if (named.length === 0) return
  throw new SkillLoadError(`The result of ${skillText(spec)} names the environment variable ${named[0]}, and results are stored`, {
    hint: 'Environment variables may stand in url, headers and body',
  })
}

function checkAddress(spec: HttpSkill) {
  const { start, isWhole } = knownOf(spec.url)
  const host = /^https?:\/\/[^/?#]+(?=[/?#])/i.exec(start)?.[0]
  try {
    const url = isWhole ? compileRequest(spec).url({}) : URL.parse(host ?? '')
    if (url) proxyFor(url)
  } catch (cause) {
    throw new SkillLoadError(messageOf(cause), { cause, hint: (cause as TemplateError).hint })
  }
}

/** Returns as much of an address as is known before the items, which the other places stand for. */
function knownOf(template: string): { start: string; isWhole: boolean } {
  const known: string[] = []
  for (const part of parseTemplate(template).parts) {
    if (typeof part !== 'string' && !('env' in part)) return { start: known.join(''), isWhole: false }
    known.push(typeof part === 'string' ? part : (process.env[part.env] ?? ''))
  }
  return { start: known.join(''), isWhole: true }
}

/** One request for all items. An answer that is taken as it is may hold more than we ask for; what the plan makes of it may not. */
function asFunction(exchange: Exchange, { result }: HttpSkill, functions: HttpFunctions): SkillFunction {
  if (functions.result || typeof result !== 'string') return exchange as SkillFunction
  return async (items, context) => knownOnly(await exchange(items, context)) as SkillReturn
}

/** One request for each item, each behind the breaker; items fail one by one. What each took is told with the batch, ms. */
function perItem(exchange: Exchange, concurrency: number) {
  return async (items: readonly unknown[], context: SkillContext, options: CallOptions): Promise<SkillReturn> => {
    const tookMs: number[] = []
    const one = async (index: number) => {
      const start = performance.now()
      try {
        return await exchange(items[index], { ...context, idempotencyKey: context.itemKey(index) })
      } finally {
        tookMs.push(performance.now() - start)
      }
    }
    const outcomes = await overlap({ count: items.length, limit: concurrency, signal: context.signal, ends: isOver }, (index) =>
      options.each ? options.each(() => one(index)) : one(index),
    )
    const usage = tookMs.length > 0 ? { requests: tookMs.length, itemMsTotal: sum(tookMs), itemMsMax: Math.max(...tookMs) } : undefined
    // Whatever the error is, it stands for its item alone.
    return { results: outcomes.map(({ value, error }) => (error === undefined ? value : null)), usage, itemErrors: failuresOf(outcomes) }
  }
}

/** No further item may be called now. */
const isOver = (error: unknown) =>
  error instanceof BreakerOpenError || error instanceof OwnershipUnsureError || error instanceof SkillClosedError

const failuresOf = (outcomes: readonly Overlapped[]) =>
  Object.fromEntries(outcomes.flatMap(({ error }, index) => (error === undefined ? [] : [[index, { error: error as Error }]])))

const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0)
