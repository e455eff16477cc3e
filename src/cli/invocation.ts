import type { Command } from 'commander'
import { createOutput, type Output } from './output.ts'

/** Options of every command. */
export interface Common {
  database?: string
  json?: boolean
  format?: string
  quiet?: boolean
  verbose?: boolean
}

/** One command line, understood. */
export interface Invocation<Options extends object> {
  options: Options & Common
  output: Output
}

/**
 * Makes an action of a handler, which gets the command's arguments as they are written, and may return an exit code.
 *
 * @example
 * command.action(handle<{ at?: number }>(async ({ options, output }, run) => …))
 */
export function handle<Options extends object>(work: (invocation: Invocation<Options>, ...args: string[]) => Promise<number | void>) {
  return async (...given: unknown[]) => {
    const command = given.at(-1) as Command
    const options = command.optsWithGlobals<Options & Common>()
    const json = options.json === true || options.format === 'json'
    const { quiet = false, verbose = false, database } = options
    const events = 'events' in options && options.events === true
    const output = createOutput({ json, quiet, verbose, database, events })
    process.exitCode = (await work({ options, output }, ...(given.slice(0, -2) as string[]))) ?? 0
  }
}
