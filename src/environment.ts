import { valuesOf } from './redact.ts'

/** Ours, and of PostgreSQL's what lets somebody in: nothing that a skill needs. */
const OURS = /^(TROUPE_.*|DATABASE_URL|PGPASSWORD|PGPASSFILE|PGSSLPASSWORD)$/i

/** The environment as skills and commands get it. @param asked Names that the plan asks for. */
export function environmentFor(asked: readonly string[], environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OURS.test(name) || asked.includes(name)))
}

/** What lets somebody into the databases that are named: passwords, and URLs that have one. @param urls Beside those of the environment. */
export function databaseSecrets(urls: readonly string[], environment: NodeJS.ProcessEnv = process.env): string[] {
  const all = [...urls, ...valuesOf(['TROUPE_DATABASE_URL', 'DATABASE_URL'], environment)]
  const passwords = valuesOf(['PGPASSWORD', 'PGSSLPASSWORD'], environment)
  return [...new Set([...all.filter((url) => url.includes('://')).flatMap(secretsIn), ...passwords])]
}

/** As written and as meant; of what is no URL, whatever stands where a password would. */
function secretsIn(url: string): string[] {
  const [, user, password] = /:\/\/([^:@/]*):(.*)@/.exec(url) ?? []
  const asked = /[?&]password=([^&]*)/.exec(url)?.[1]
  const found = [password, asked].filter((each) => each !== undefined && each !== '') as string[]
  if (found.length === 0) return []
  const shown = [user, /^[^?]*\/([^/?]*)/.exec(url)?.[1], 'postgres']
  // Hidden everywhere, a password that is also a name would make every message unreadable, and keep nothing from anybody.
  const alone = found.filter((each) => !shown.includes(each))
  const paired = user !== undefined && password !== undefined && !alone.includes(password) ? [`${user}:${password}@`] : []
  return [url, ...new Set(alone.flatMap((each) => [each, decoded(each)])), ...paired]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name.toLowerCase(), name])

/** Whatever lets somebody through the proxies of the environment: users with passwords, as written and as meant, and the passwords alone. */
export function proxySecrets(environment: NodeJS.ProcessEnv = process.env): string[] {
  const alone = proxyUsers(environment).flatMap(({ user, password, host }) => {
    // As with databases: words that stand everywhere keep nothing from anybody.
    const shown = ['proxy', 'password', host, ...(password === '' ? [] : [user])]
    return [password || user, decoded(password || user)].filter((each) => !shown.includes(each))
  })
  return [...new Set([...proxyCredentials(environment), ...alone])]
}

/** The same as the proxies are told it: a user with a password. Answers that are stored are searched for this alone, since a password may be any word. */
export function proxyCredentials(environment: NodeJS.ProcessEnv = process.env): string[] {
  const pairs = proxyUsers(environment).flatMap(({ user, password }) => [`${user}:${password}`, `${decoded(user)}:${decoded(password)}`])
  return [...new Set(pairs)]
}

/** Of values that are no URL as well: they are shown nowhere either. */
function proxyUsers(environment: NodeJS.ProcessEnv) {
  return valuesOf(PROXIES, environment).flatMap((value) => {
    const address = value.trim().replace(/^([a-z][a-z0-9+.-]*:\/\/|https?:)/i, '')
    const [, user = '', password = '', host = ''] = /^([^:@]*)(?::(.*))?@([^:/?#]*)/.exec(address) ?? []
    return user === '' && password === '' ? [] : [{ user, password, host }]
  })
}
