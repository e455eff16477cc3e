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
