import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { Option, type Command } from 'commander'
import type { Column, Plan, PlanOverrides, Prepared } from '../index.ts'
import { handle } from './invocation.ts'
import { jsonDocument, type Output } from './output.ts'
import { addOverrides, overridesIn } from './overrides.ts'
import { during } from '../waiting.ts'
import { troupeCommand } from '../shellCommand.ts'

export function define(command: Command) {
  addOverrides(command)
    .addOption(new Option('--format <format>', 'default: text').choices(['text', 'json']))
    .action(
      handle<PlanOverrides>(async ({ options, output }, file) => {
        const { loadPlan, preparePlan } = await import('../index.ts')
        const { plan } = await during(
          output.wait,
          () => `loading ${file}`,
          () => loadPlan(file, overridesIn(options)),
        )
        // It only looks: where nothing has run yet, nothing is made.
        const keepIn = existsSync('.troupe') ? '.troupe' : undefined
        output.hide(plan.secrets)
        const prepared = await preparePlan(plan, { checkSkills: true, say: output.wait, keepIn })
        await output.print(output.json ? jsonDocument(prepared) : await text(file, prepared, output))
      }),
    )
}

async function text(file: string, { plan, fingerprint }: Prepared, output: Output): Promise<string> {
  const { chaosText, textPage } = await import('../index.ts')
  const page = textPage(output)
  const skills = Object.entries(plan.variants).map(
    ([variant, skill]) => `${variant === 'default' ? 'skill' : `variant ${variant}`}: ${whereText(skill)}`,
  )
  const facts = [
    `plan ${plan.name}: ${file} is valid`,
    ...skills,
    `input: ${inputText(plan)}`,
    orderText(plan),
    ...(plan.chaos ? [`CHAOS is on: ${chaosText(plan.chaos)}`] : []),
    `fingerprint: ${fingerprint}`,
  ]
  const lines = [
    ...facts.flatMap((fact) => page.wrapped(fact)),
    '',
    ...(await scenarioTable(plan, output)),
    '',
    ...page.wrapped(`Run it with: ${troupeCommand('run', file)}`),
  ]
  return `${lines.join('\n')}\n`
}

const NOTHING = '–'

async function scenarioTable(plan: Plan, output: Output): Promise<string[]> {
  const { duration, textPage, textTable } = await import('../index.ts')
  const columns: Column<Plan['scenarios'][number]>[] = [
    { title: 'scenario', cell: ({ name }) => name },
    { title: 'items', align: 'right', cell: ({ size }) => String(size) },
    { title: 'batches', align: 'right', cell: ({ size, batchSize }) => String(Math.ceil(size / batchSize)) },
    { title: 'batch size', align: 'right', cell: ({ batchSize }) => String(batchSize) },
    { title: 'parallel', align: 'right', cell: ({ parallel }) => String(parallel) },
    { title: 'budget', align: 'right', cell: ({ timeBudgetMs }) => duration(timeBudgetMs) },
    { title: 'memory', align: 'right', cell: ({ memoryLimitMb }) => `${memoryLimitMb} MB` },
    { title: 'tolerated failures', align: 'right', cell: ({ errorTolerance }) => `${Number((errorTolerance * 100).toPrecision(3))} %` },
    { title: 'quality', align: 'right', cell: ({ expectedQuality }) => (expectedQuality === null ? NOTHING : `≥ ${expectedQuality}`) },
  ]
  // A column that says nothing of any scenario only makes the table wider.
  const telling = columns.filter(({ cell }) => plan.scenarios.some((scenario) => cell(scenario) !== NOTHING))
  return textTable(telling, plan.scenarios, textPage(output))
}

function inputText({ input, directory }: Plan): string {
  if (input.kind === 'generator') return `${input.generator}, seed ${input.seed}`
  return input.kind === 'file' ? relative(directory, input.file) : `${relative(directory, input.module)} ${input.export}`
}

function orderText({ order, sync, repetitions, variants, scenarios }: Plan): string {
  const several = Object.keys(variants).length
  const each = `${scenarios.length} ${scenarios.length === 1 ? 'scenario' : 'scenarios'}`
  const count = several === 1 ? each : `${each} of each of ${several} variants`
  const when = order === 'serial' ? `${count}, one after the other` : `${count} at the same time`
  const times = repetitions > 1 ? `, ${repetitions} times` : ''
  const waits = {
    free: '',
    milestone: `, waiting for each other at ${sync.at.join(', ')} %`,
    lockstep: `, waiting for each other every ${sync.stepPct} %`,
  }
  return `${when}${times}${waits[sync.mode]}`
}

function whereText(skill: Plan['variants'][string]): string {
  switch (skill.kind) {
    case 'function':
      return `${relative(process.cwd(), skill.module)}${skill.export === 'default' ? '' : ` ${skill.export}`}, ${skill.isolation}`
    case 'http':
      return `${skill.method} ${skill.url}, a request for each ${skill.mode}`
    case 'command':
      return `${typeof skill.command === 'string' ? skill.command : skill.command.join(' ')}, ${skill.mode === 'batch' ? 'a process for each batch' : 'one process, line by line'}`
  }
}
