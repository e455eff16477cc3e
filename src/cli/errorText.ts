import { TroupeError } from '../errors.ts'
import { databaseSecrets, proxySecrets } from '../environment.ts'
import { redactorOf } from '../redact.ts'
import { printable } from '../printable.ts'

interface Shown {
  code: string
  message: string
  hint: string
}

const WHERE_TO_REPORT =
  'This is a defect of troupe. Run it again with --verbose, and report what it shows, at the address in its package.json'

/** `error: what happened`, `hint: what to do`; stack traces only where asked for. With `json` one object. Ends with a line break. */
export function errorText(error: unknown, { json, verbose, args }: { json: boolean; verbose: boolean; args: readonly string[] }): string {
  const shown = shownOf(error)
  const stack = verbose && !json ? stacks(error).map((each) => `${each}\n`) : []
  const text = json
    ? `${JSON.stringify({ error: shown })}\n`
    : `error: ${withCode(shown.message, shown.code)}\nhint: ${shown.hint}\n${stack.join('')}`
  const redact = redactorOf([...databaseSecrets(args.map((arg) => arg.replace(/^--database=/, ''))), ...proxySecrets()])
  return printable(redact(text))
}

/** The code, by which docs/errors.md goes, ends the first line: before the colon that announces others. */
export const withCode = (message: string, code: string) => message.replace(/:?(?=\n|$)/, (colon) => ` (${code})${colon}`)

function shownOf(error: unknown): Shown {
  if (error instanceof TroupeError) {
    const { code, message, hint } = error
    return { code, message, hint }
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message || error.name : String(error), hint: WHERE_TO_REPORT }
}

/** Stacks alone: other properties of an error may hold anything, addresses with passwords among them. */
function stacks(error: unknown): string[] {
  const found: string[] = []
  for (let at: unknown = error; at instanceof Error && found.length < 8; at = at.cause)
    found.push(found.length === 0 ? stackOf(at) : `caused by ${stackOf(at)}`)
  return found
}

const stackOf = (error: Error) => error.stack ?? `${error.name}: ${error.message}`
