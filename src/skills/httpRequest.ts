import { TemplateError } from '../errors.ts'
import type { HttpSkill } from '../plan.ts'
import { withoutQuery } from './httpAnswer.ts'
import type { HttpRequest } from './httpClient.ts'
import { asText, asUrlPart, compileTemplate, compileText, type Scope } from './render.ts'

/** The templates of what a skill sends, parsed. */
export interface RequestTemplates {
  /** @throws {TemplateError} if a value is missing, or what comes out is no address. */
  url(scope: Scope): URL
  /** By lower-case name. */
  headers(scope: Scope): Record<string, string>
  body(scope: Scope): unknown
  /** Method and address as messages may show them: without query, credentials and environment. */
  shown(scope: Scope): string
}

export function compileRequest({ method, url, headers, body }: HttpSkill): RequestTemplates {
  // What an address begins with is the beginning of an address, and stays as it is: escaped it would be none.
  const address = compileText(url, { escape: asUrlPart, escapeFirst: asText })
  const shown = compileText(url, { escape: asUrlPart, escapeFirst: asText, environment: () => '***' })
  const named = Object.entries(headers).map(([name, text]) => [name.toLowerCase(), compileText(text)] as const)
  return {
    url: (scope) => parseAddress(address(scope), () => withoutQuery(shown(scope))),
    headers: (scope) => Object.fromEntries(named.map(([name, render]) => [name, render(scope)])),
    body: compileTemplate(body),
    shown: (scope) => `${method} ${withoutQuery(shown(scope))}`,
  }
}

/** A body as it is sent, and what it says that it is: texts as they are, bytes too, all else as JSON. `undefined` is nothing. */
export function encodeBody(body: unknown): { body: HttpRequest['body']; contentType: string | null } {
  if (body === undefined) return { body: null, contentType: null }
  if (body instanceof Uint8Array) return { body, contentType: 'application/octet-stream' }
  if (typeof body === 'string') return { body, contentType: 'text/plain;charset=UTF-8' }
  return { body: JSON.stringify(body), contentType: 'application/json' }
}

function parseAddress(address: string, shown: () => string): URL {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TemplateError(`The url "${shown()}" is no address of http or https`)
  if (url.username !== '' || url.password !== '') {
    throw new TemplateError(`The url "${shown()}" holds credentials, which are not sent: give them in headers.authorization`)
  }
  return url
}
