const SHORTEST = 4

/** Replaces the passwords of the databases that this command line and its environment name. */
export function withoutSecrets(text: string, args: readonly string[]): string {
  const urls = [...args.flatMap((arg) => arg.replace(/^--database=/, '')), process.env.TROUPE_DATABASE_URL, process.env.DATABASE_URL]
  return hide(
    text,
    urls.flatMap((url) => (url?.includes('://') ? passwordsOf(url) : [])),
  )
}

/** Replaces the values of environment variables, by their names: those that a plan calls `secrets`. */
export const withoutValues = (text: string, names: readonly string[]): string =>
  names.length === 0
    ? text
    : hide(
        text,
        names.flatMap((name) => process.env[name] ?? []),
      )

function hide(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
}

/** As written and as meant; of what is no URL, whatever stands where a password would. */
function passwordsOf(url: string): string[] {
  const written = [/:\/\/[^:@/]*:(.*)@/.exec(url)?.[1], /[?&]password=([^&]*)/.exec(url)?.[1]].filter((each) => each !== undefined)
  return written.flatMap((each) => [each, decoded(each)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
