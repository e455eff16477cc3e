import { InvalidArgumentError, Option, type Command } from 'commander'
import type { BreakerPlan, Run, Simulation } from '../index.ts'
import { handle } from './invocation.ts'
import { jsonDocument, type Output } from './output.ts'
import { wholeNumber } from './overrides.ts'
import { breakerLine, breakersOf } from './breakerLine.ts'
import { withStored } from './withTroupe.ts'

const TELL = {
  open: {
    summary: 'keep every call away from the skill until it is reset',
    tell: (run: Run, variant?: string) => run.openBreaker(variant),
  },
  disable: { summary: 'let every call through until it is reset', tell: (run: Run, variant?: string) => run.disableBreaker(variant) },
  reset: { summary: 'close it, and forget what it has counted', tell: (run: Run, variant?: string) => run.resetBreaker(variant) },
}

export function define(command: Command) {
  for (const [name, { summary, tell }] of Object.entries(TELL)) {
    command
      .command(`${name} <run> [variant]`)
      .description(summary)
      .action(
        handle(async ({ options, output }, id, variant?: string) =>
          withStored(options, id, async (troupe) => {
            await tell(await troupe.attach(id), variant)
            const breakers = breakersOf(await troupe.show(id)).filter((breaker) => variant === undefined || breaker.variant === variant)
            await output.print(output.json ? jsonDocument({ run: id, breakers }) : `${breakers.map(breakerLine).join('\n')}\n`)
          }),
        ),
      )
  }
  addOptions(
    command
      .command('simulate')
      .description('play calls through the rules of a breaker, and print every step')
      .requiredOption(
        '--events <list>',
        'separated by commas: success, success:MS, critical, critical=TEXT, recoverable, transient, ignored, wait:MS, open, disable, reset',
      ),
  ).action(
    handle<SimulateOptions>(async ({ options, output }) => {
      const simulation = await simulate(options)
      await output.print(output.json ? jsonDocument(simulation) : await simulationText(simulation, output))
    }),
  )
}

interface SimulateOptions {
  events: string
  plan?: string
  proven?: boolean
  threshold?: number
  cooldownMs?: number
  backoff?: number
  maxCooldownMs?: number
  probes?: number
  maxRecoveryAttempts?: number
  windowMs?: number
  windowCount?: number
  minimumCalls?: number
  slowCallMs?: number
  weight?: Record<string, number>
}

const addOptions = (command: Command): Command =>
  command
    .addOption(new Option('--format <format>', 'default: text').choices(['text', 'json']))
    .option('--plan <file>', 'take the options of a plan; those given here go before them')
    .option('--proven', 'a call has succeeded before; else errors that are alike are taken for a bug of the skill')
    .option('--threshold <sum>', 'opens when weights sum up to this', amount)
    .option('--weight <class=weight>', 'of critical, recoverable, transient, ignored or slow; repeatable', weight)
    .option('--cooldown-ms <ms>', 'from opening to the first probe', wholeNumber)
    .option('--backoff <factor>', 'of the cooldown, after each failed probe', amount)
    .option('--max-cooldown-ms <ms>', 'longest cooldown', wholeNumber)
    .option('--probes <n>', 'calls that may pass at once while half-open', wholeNumber)
    .option('--max-recovery-attempts <n>', 'failed probes after which it gives up', wholeNumber)
    .option('--window-ms <ms>', 'only calls of that time count', wholeNumber)
    .option('--window-count <n>', 'only that many calls count', wholeNumber)
    .option('--minimum-calls <n>', 'it does not open before so many', wholeNumber)
    .option('--slow-call-ms <ms>', 'a good call that long counts as a slow one: success:MS', wholeNumber)

async function simulate({ events, plan, proven, weight: weights, ...given }: SimulateOptions): Promise<Simulation> {
  const { simulateEvents, loadPlan, breakerPlan } = await import('../index.ts')
  const ofPlan: BreakerPlan | null = plan === undefined ? null : (await loadPlan(plan)).plan.breaker
  const own = [
    'threshold',
    'cooldownMs',
    'backoff',
    'maxCooldownMs',
    'probes',
    'maxRecoveryAttempts',
    'windowMs',
    'windowCount',
    'minimumCalls',
    'slowCallMs',
  ]
  const changes = Object.fromEntries(Object.entries(given).filter(([key]) => own.includes(key)))
  return simulateEvents(events, breakerPlan({ ...changes, ...(weights && { weights }) }, ofPlan), { proven })
}

async function simulationText({ steps, state }: Simulation, output: Output): Promise<string> {
  const { textPage, textTable } = await import('../index.ts')
  const table = textTable<Simulation['steps'][number]>(
    [
      { title: 'event', cell: ({ event }) => event },
      { title: 'at', align: 'right', cell: ({ atMs }) => `${atMs} ms` },
      {
        title: 'state',
        cell: ({ state: after, exhausted, neverWorked }) => (exhausted ? `${after}, ${neverWorked ? 'never worked' : 'given up'}` : after),
      },
      { title: 'sum', align: 'right', cell: ({ sum }) => String(Math.round(sum * 1000) / 1000) },
      { title: 'call', cell: ({ call }) => call ?? '' },
      { title: 'failed probes', align: 'right', cell: ({ recoveryAttempts }) => String(recoveryAttempts) },
      { title: 'half-open at', align: 'right', cell: ({ probeAtMs }) => (probeAtMs === null ? '' : `${probeAtMs} ms`) },
    ],
    steps,
    textPage(output),
  )
  return `${table.join('\n')}\n\nin the end: ${state}\n`
}

function amount(text: string): number {
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw new InvalidArgumentError('Expected a number.')
  return Number(text)
}

function weight(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [name, value, ...rest] = text.split('=')
  if (!name || value === undefined || rest.length > 0)
    throw new InvalidArgumentError('Expected a class and its weight, such as transient=0.25.')
  return { ...before, [name]: amount(value) }
}
