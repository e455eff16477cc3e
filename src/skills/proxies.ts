import { TemplateError } from '../errors.ts'
import { isExcepted, isLoopback } from './noProxy.ts'

/** A proxy as the environment names it. */
export interface Proxy {
  /** Its own address, without credentials: `http://proxy.example:3128`. */
  origin: string
  /** The value of `Proxy-Authorization`. */
  authorization: string | undefined
  /** The environment variable that names it. */
  name: string
}

type Environment = NodeJS.ProcessEnv

/**
 * Returns the proxy for an address, by `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, read as undici's `EnvHttpProxyAgent` reads them: lower case comes first,
 * and for https `HTTP_PROXY` stands in where there is no `HTTPS_PROXY`. No proxy is asked for loopback: it would reach its own machine.
 *
 * @throws {TemplateError} if the variable that counts names no proxy of http or https.
 */
export function proxyFor(url: URL, environment: Environment = process.env): Proxy | undefined {
  if (isLoopback(url) || isExcepted(url, valueOf('NO_PROXY', environment).value)) return undefined
  const names = url.protocol === 'https:' ? ['HTTPS_PROXY', 'HTTP_PROXY'] : ['HTTP_PROXY']
  const found = names.map((name) => valueOf(name, environment)).find(({ value }) => value !== '')
  return found && parseProxy(found)
}

/** The proxy as messages may show it. */
export const shownProxy = ({ origin, name }: Proxy) => `${origin} (${name})`

function valueOf(name: string, environment: Environment) {
  const given = [name.toLowerCase(), name].find((each) => environment[each] !== undefined) ?? name
  return { name: given, value: environment[given]?.trim() ?? '' }
}

function parseProxy({ name, value }: { name: string; value: string }): Proxy {
  const url = parseAddress(value)
  // No word of the value is shown: a password may stand in it.
  if (url === null) {
    throw new TemplateError(`The environment variable ${name} names no proxy of http or https`, {
      hint: `Write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, both percent-encoded. If no proxy is needed, unset ${name}, or name the host of the service in NO_PROXY`,
    })
  }
  const [user, password] = [decode(url.username), decode(url.password)]
  const authorization = user === '' && password === '' ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return { origin: url.origin, authorization, name }
}

function parseAddress(value: string): URL | null {
  // Other tools take `proxy.example:3128` too; `http:proxy.example` is a slip.
  if (/^https?:(?!\/\/)/i.test(value)) return null
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  // A password with a `/`, `?` or `#` that is not encoded: the host would be wrong.
  return `${url.pathname}${url.search}${url.hash}`.includes('@') ? null : url
}

/** Leaves a text as it is if it is not encoded well. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
