import type { Logger, Report, Run, Troupe } from '../index.ts'
import type { Common } from './invocation.ts'
import { breakSilence, heartbeat } from './heartbeat.ts'
import { INTERRUPTED, interruption, onInterrupt } from './interrupt.ts'
import type { Output } from './output.ts'
import { checkReportFiles, printReport, writeReport } from './printReport.ts'
import { openProgress } from './progress.ts'
import { troupeCommand } from '../shellCommand.ts'

export interface ForegroundOptions extends Common {
  memory?: boolean
  /** File of the plan of a stored run. */
  plan?: string
  /** Every event as a line of JSON on standard output. The report follows as the last line with `--json`, else it goes to standard error. */
  events?: boolean
  /** Files to write the report to. */
  report?: string[]
}

/** How long a start may take to stop, ms. */
const START_STOP_MS = 4_000

/**
 * Runs a run in this process until its end, or until a signal: then it is stored, resumable.
 * @param begin Opens it; `null` if there is nothing to do here after all.
 * @returns The exit code.
 */
export async function inForeground(
  options: ForegroundOptions,
  output: Output,
  begin: (troupe: Troupe) => Promise<Run | null>,
): Promise<number> {
  await checkReportFiles(options.report ?? [])
  const { openTroupe, exitCodeOf, NotWrittenError } = await import('../index.ts')
  let open: Troupe | undefined
  let run: Run | null = null
  using _interrupt = onInterrupt(() => {
    output.say(`stopping: ${run?.actor ? 'batches in flight may end' : 'no batch is in flight'}; a second signal stops at once`)
    // What has not begun has nothing to lose, whatever it waits for.
    if (!run) setTimeout(() => process.exit(INTERRUPTED), START_STOP_MS).unref()
    void open?.close().catch(() => {})
  })
  try {
    await using troupe = await openTroupe({
      database: options.memory ? 'memory' : options.database,
      logger: loggerFor(output),
      onWait: output.wait,
      signal: interruption,
    })
    open = troupe
    if (interruption.aborted) {
      sayResumable(run, open, output)
      return INTERRUPTED
    }
    run = await begin(troupe)
    if (!run) return 0
    introduce(run, troupe, output)
    const report = await watchOver(run, troupe, { events: options.events === true, output })
    await deliver(report, options, output)
    return exitCodeOf(report)
  } catch (error) {
    if (!interruption.aborted) throw error
    const lost = await open?.close().then(
      () => null,
      (failure: unknown) => failure,
    )
    if (lost instanceof NotWrittenError) output.hint(`interrupted: ${lost.message}`, lost.hint, lost.code)
    else sayResumable(run, open, output)
    return INTERRUPTED
  }
}

/** Says what happens, and how it stands where nothing does, until the run ends in this process. */
async function watchOver(run: Run, troupe: Troupe, how: { events: boolean; output: Output }): Promise<Report> {
  const scenarios = run.actor?.getSnapshot().context.spec.scenarios ?? []
  const watched = { run: run.id, scenarios, from: troupe.database === 'memory' ? ('memory' as const) : ('here' as const) }
  using _heart = breakSilence(how.output, () => {
    const progress = run.progress()
    return progress ? heartbeat(progress, watched) : []
  })
  const followed = follow(run, how)
  const report = await run.result()
  await followed
  return report
}

function introduce(run: Run, troupe: Troupe, output: Output) {
  const ended = run.actor === undefined
  output.say(
    ended ? `run ${run.id} has ended already: this is its report` : run.resumed ? `going on with run ${run.id}` : `run ${run.id} (new)`,
  )
  if (troupe.database === 'memory') output.say('in memory: nothing is stored, and nothing of it can be resumed')
  for (const warning of run.warnings) output.warn(warning)
}

/** Says what happens from now on, until the run ends in this process. What happened in earlier ones has been said there. */
async function follow(run: Run, { events, output }: { events: boolean; output: Output }) {
  const scenarios = run.actor?.getSnapshot().context.spec.scenarios ?? []
  if (!run.actor) return
  const lineOf = await openProgress(scenarios, output)
  try {
    for await (const event of run.events({ after: run.before })) {
      if (events) await output.print(`${JSON.stringify(event)}\n`)
      const line = lineOf(event)
      // A stack is several lines, each escaped by itself.
      for (const each of line?.split('\n') ?? []) output.say(each)
    }
  } catch {
    // The database went, or we leave it: the run's own result says so.
  }
}

async function deliver(report: Report, { events = false, report: files = [] }: ForegroundOptions, output: Output) {
  for (const file of files) await writeReport(report, file, output)
  if (!events) return printReport(report, output)
  const { textReport } = await import('../index.ts')
  if (output.json) await output.print(`${JSON.stringify(report)}\n`)
  else output.saySection(textReport(report).trimEnd())
}

function sayResumable(run: Run | null, troupe: Troupe | undefined, output: Output) {
  if (troupe?.database === 'memory') return output.hint('interrupted: it ran in memory, nothing is stored', 'start it again', 'INTERRUPTED')
  if (!run) return output.hint('interrupted before the run began', 'start it again with the same command', 'INTERRUPTED')
  output.hint(`interrupted: run ${run.id} is saved up to here`, `go on with: ${troupeCommand('resume', run.id)}`, 'INTERRUPTED')
}

const line = (data: object, message: string) => (Object.keys(data).length === 0 ? message : `${message} ${JSON.stringify(data)}`)

function loggerFor(output: Output): Logger {
  return {
    info: (data, message) => void (output.verbose && output.say(line(data, message))),
    warn: (data, message) => output.warn(line(data, message)),
  }
}
