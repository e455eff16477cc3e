import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { commands } from './commands.ts'
import { errorText } from './errorText.ts'
import { INTERRUPTED, unattended } from './interrupt.ts'
import { leaveOutNeedlessWarnings } from './nodeWarnings.ts'
import { isReaderGone, keepStdout, streams, type Sink } from './streams.ts'
import { checkWorkingDirectory, usageErrorOf } from './usageError.ts'

/** Runs one command line, and ends the process with its exit code when all is written: whatever a plan or a skill has left open is not waited for. */
export async function runProgram(args: readonly string[]): Promise<never> {
  leaveOutNeedlessWarnings()
  keepStdout()
  const { out, err } = streams()
  const code = await Promise.race([main(args), unattended().then(() => INTERRUPTED)])
  await Promise.all([out.flushed(), err.flushed()])
  process.exit(code === 0 && isOutputLost(out) ? 1 : code)
}

/** A run has an exit code of its own; all other commands are for what they print. A reader who has had enough is no fault. */
function isOutputLost({ broken }: Sink): boolean {
  return broken !== undefined && !isReaderGone(broken) && !RUNS.has(process.argv[2] ?? '')
}

const RUNS: ReadonlySet<string> = new Set(['run', 'resume', 'continue', 'restart'])

/**
 * @param args Without the program's own name.
 * @returns The exit code.
 */
async function main(args: readonly string[]): Promise<number> {
  const { err } = streams()
  const program = await programFor(args)
  try {
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (caught) {
    // What came first is what happened; that something could not be closed either follows from it.
    const error = isSuppressing(caught) ? caught.suppressed : caught
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const shown = error instanceof CommanderError ? usageErrorOf(error, args, program) : error
    void err.write(errorText(shown, { json: wantsJson(args), verbose: args.includes('--verbose'), args }))
    return exitCodeFor(shown)
  }
}

/** By its name: Node 22 has no such class, and the compiled program makes its own. */
const isSuppressing = (error: unknown): error is { suppressed: unknown } =>
  error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('troupe')
    .description('Run one skill at growing sizes, kill it at any moment, run the same command again, and pay for nothing twice.')
    .version(version(), '--version', 'print the version')
    .option('--database <url>', 'PostgreSQL to use: a URL, embedded or memory (default: TROUPE_DATABASE_URL, DATABASE_URL, else embedded)')
    .option('--json', 'short for --format json')
    .option('--quiet', 'no progress on standard error')
    .option('--verbose', 'stack traces, failed attempts, and what skills log')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => void streams().out.write(text), writeErr: () => {} })
    .exitOverride()
    .hook('preAction', checkWorkingDirectory)
  for (const { name, usage, summary, load } of commands) {
    const command = program.command(`${name} ${usage}`.trim()).description(summary)
    if (!args.includes(name)) continue
    const { define } = await load()
    define(command)
  }
  return program
}

const version = () => (createRequire(import.meta.url)('troupe/package.json') as { version: string }).version

const wantsJson = (args: readonly string[]) =>
  args.some((arg, index) => arg === '--json' || arg === '--format=json' || (arg === 'json' && args[index - 1] === '--format'))

function exitCodeFor(error: unknown): number {
  const code = typeof error === 'object' && error !== null && 'exitCode' in error ? error.exitCode : 1
  return typeof code === 'number' ? code : 1
}
