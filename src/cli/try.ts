import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Option, type Command } from 'commander'
import type { Tried } from '../index.ts'
import { handle } from './invocation.ts'
import { jsonDocument, type Output } from './output.ts'
import { wholeNumber } from './overrides.ts'
import { during } from '../waiting.ts'

interface TryOptions {
  item?: number
  variant?: string
  scenario?: string
}

export function define(command: Command) {
  command
    .option('--item <n>', 'which item of the input, counted from 0 (default: 0)', wholeNumber)
    .option('--variant <name>', 'which skill, where the plan has several (default: the first)')
    .option('--scenario <name>', 'whose parameters and input (default: the first that has the item)')
    .addOption(new Option('--format <format>', 'default: text').choices(['text', 'json']))
    .action(
      handle<TryOptions>(async ({ options: { item, variant, scenario }, output }, file) => {
        const { loadPlan, trySkill } = await import('../index.ts')
        const loaded = await during(
          output.wait,
          () => `loading ${file}`,
          () => loadPlan(file),
        )
        output.hide(loaded.plan.secrets)
        const log = (message: string) => output.say(message)
        const tried = await trySkill(loaded, { item, variant, scenario, log, onWait: output.wait })
        await (output.json ? output.print(jsonDocument(asJson(tried))) : print(tried, output))
        return tried.outcome.kind === 'error' ? 1 : 0
      }),
    )
}

async function print({ variant, scenario, item, input, outcome }: Tried, output: Output) {
  const { duration } = await import('../index.ts')
  const lines = [
    `item ${item} of scenario ${scenario}${variant === 'default' ? '' : `, variant ${variant}`}`,
    `input:   ${JSON.stringify(input)}`,
    ...(outcome.kind === 'error'
      ? [`error:   ${stacks(outcome.error).join('\n')}`, ...hintOf(outcome.error)]
      : [
          `result:  ${JSON.stringify(outcome.result)}`,
          ...figures('quality', outcome.quality),
          ...figures('usage', outcome.usage),
          `took:    ${duration(outcome.activeMs)}`,
        ]),
  ]
  await output.print(`${lines.join('\n')}\n`)
}

const figures = (title: string, values: Record<string, number> | null) =>
  values
    ? [
        `${`${title}:`.padEnd(9)}${Object.entries(values)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')}`,
      ]
    : []

/** The error and its causes, each with its whole stack. */
function stacks(error: unknown): string[] {
  const found = [stackOf(error)]
  for (let at = causeOf(error); at !== undefined && at !== null && found.length < MOST_CAUSES; at = causeOf(at))
    found.push(`caused by ${stackOf(at)}`)
  return found
}

const stackOf = (error: unknown) =>
  error instanceof Error ? helpful(error) : `${inspect(error)}, thrown without an Error: its place is not known`
const causeOf = (error: unknown) => (error instanceof Error ? error.cause : undefined)

const MOST_CAUSES = 8

/** Where our own files are: nobody who has a mistake in a skill is helped by them, by those of Node's inside, and by the client that makes our requests. */
const OURS = new URL(import.meta.url.endsWith('.ts') ? '..' : '.', import.meta.url)
const NO_HELP = [OURS.href, fileURLToPath(OURS), '(node:internal/', ' node:internal/', '/node_modules/undici/']

const helpful = ({ stack, message }: Error) =>
  stack
    ?.split('\n')
    .filter((line) => !/^\s+at /.test(line) || !NO_HELP.some((place) => line.includes(place)))
    .join('\n') ?? message

/** Of our own errors. */
const hintOf = (error: unknown) =>
  error instanceof Error && 'hint' in error && 'code' in error && typeof error.hint === 'string' ? [`hint:    ${error.hint}`] : []

function asJson({ outcome, ...where }: Tried): object {
  if (outcome.kind === 'result') {
    const { kind: _kind, ...rest } = outcome
    return { ...where, ...rest }
  }
  const { error } = outcome
  const [stack, ...causes] = stacks(error)
  return { ...where, error: { name: error instanceof Error ? error.name : typeof error, message: messageOf(error), stack, causes } }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : inspect(error))
