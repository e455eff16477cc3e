import { fromPromise } from 'xstate'
import { RunIdMissingError, RunStoppedError } from '../errors.ts'
import type { StoredEvent } from '../persistence/store.ts'
import type { PlanInput } from '../plan.ts'
import type { Report } from '../report/report.ts'

/** What an invoked run needs of a troupe. */
export interface RunStarter {
  start(plan: PlanInput | string, options: { id: string }): Promise<InvokedRun>
}

interface InvokedRun {
  events(): AsyncIterable<StoredEvent>
  result(): Promise<Report>
  stop(): Promise<void>
}

/** JSON, so that it survives in the snapshot of the machine that invokes the run. */
export interface RunInput {
  /** A plan, or the path of one. */
  plan: PlanInput | string
  /** The run's. A restored machine goes on with the run of this id, so it must say what the run is for: `order-4711`. */
  id: string
}

export type RunLogic = ReturnType<typeof runLogic>

/**
 * Actor logic that takes a run to its end, for `invoke` in any XState 5 machine.
 *
 * Emits the events of the run as they are stored, from the first one on, also after a restore. Its output is the report.
 * When it is stopped, so is the run, gracefully; a restored machine goes on with it. Where the troupe is closed first the
 * logic stays active: the run is not over, and the machine's next snapshot must say so.
 *
 * Fails with `RunIdMissingError` where the input has no id, and with what `troupe.start` and `run.result` throw.
 *
 * @example
 * const machine = setup({ actors: { run: runLogic(troupe) } }).createMachine({
 *   invoke: { src: 'run', input: ({ context }) => ({ plan: './plan.ts', id: `order-${context.order}` }), onDone: 'delivered' },
 * })
 */
export function runLogic(troupe: RunStarter) {
  const stopping = new Map<string, Promise<void>>()
  const stop = (id: string, run: InvokedRun) => {
    // What could not be stopped says so itself, to whoever starts it next.
    const stopped = run
      .stop()
      .catch(() => {})
      .finally(() => stopping.delete(id))
    stopping.set(id, stopped)
  }
  return fromPromise<Report, RunInput, StoredEvent>(async ({ input: { plan, id }, signal, emit }) => {
    if (!id) throw new RunIdMissingError()
    await stopping.get(id)
    const run = await troupe.start(plan, { id })
    if (signal.aborted) {
      stop(id, run)
      return stillRunning()
    }
    signal.addEventListener('abort', () => stop(id, run), { once: true })
    const told = tell(run, emit, signal)
    // A run that fails says so in its result, and may have no further events.
    told.catch(() => {})
    try {
      const report = await run.result()
      await told
      return report
    } catch (error) {
      if (error instanceof RunStoppedError) return stillRunning()
      throw error
    }
  })
}

async function tell(run: InvokedRun, emit: (event: StoredEvent) => void, signal: AbortSignal) {
  for await (const event of run.events()) {
    if (signal.aborted) return
    emit(event)
  }
}

/** The run has not ended, it only does not go on here: neither output nor error would be true. */
const stillRunning = () => new Promise<never>(() => {})
