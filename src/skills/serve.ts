import { inspect } from 'node:util'
import { contextOf, sharedContext } from './context.ts'
import { endGroup } from './endGroup.ts'
import { packError, unpackError, type WireError } from './errorWire.ts'
import { loadSkillFunction } from './load.ts'
import { Meter } from './meter.ts'
import type { CommandSetup } from './commandSkill.ts'
import type { FromProcess, SkillWork, ToProcess } from './protocol.ts'
import { checkReturned } from './returned.ts'
import type { SkillCall, SkillContext, SkillFunction, SkillTiming } from './skill.ts'

/** A skill of ours whose work is done by processes of its own. */
export interface MadeSkill {
  run: SkillFunction
  /** Ends what stays between batches. */
  close(): Promise<void>
  /** The most that its processes together were seen to hold, MB; `null` where nobody looked. */
  memoryPeakMb(): number | null
}

/** What a module exports that is loaded with a `setup`. */
export type MakeSkill = (setup: CommandSetup, work: SkillWork) => MadeSkill

type Load = Extract<ToProcess, { type: 'load' }>
type Serve = (id: number, call: SkillCall) => Promise<void>

/** Answers the host's messages with a skill, until the host has no more or is gone. */
export function serveSkill({ onLoaded }: { onLoaded: () => void }): void {
  // Kept, should the skill put something else in its place.
  const send = process.send!.bind(process) as (message: FromProcess) => void
  const running = new Map<number, AbortController>()
  let serve: Serve | undefined
  let made: MadeSkill | undefined

  async function load(message: Load) {
    try {
      const { setup, work } = message
      const found = await loadSkillFunction(message.module, message.export)
      if (work) {
        if (setup) made = (found as unknown as MakeSkill)(setup, work)
        serve = server(made ?? { run: found }, work, running, send)
      }
      send({ type: 'loaded' })
    } catch (error) {
      send({ type: 'unloadable', error: packError(error) })
    }
    onLoaded()
  }

  process.on('message', (message: ToProcess) => {
    switch (message.type) {
      case 'load':
        return void load(message)
      case 'call':
        return void serve?.(message.id, message.call)
      case 'abort':
        return running.get(message.id)?.abort(unpackError(message.reason))
      case 'end':
        send({ type: 'ending' })
        return void Promise.resolve(made?.close()).finally(exitWhenWritten)
      case 'kill':
        return endGroup()
    }
  })
  process.on('disconnect', endGroup)
}

// Pipes are written asynchronously: an exit at once would cut off what the skill has printed.
function exitWhenWritten() {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

function server(
  skill: Pick<MadeSkill, 'run'> & Partial<MadeSkill>,
  work: SkillWork,
  running: Map<number, AbortController>,
  send: (message: FromProcess) => void,
): Serve {
  const shared = sharedContext(work.scenario, work.itemsModule)
  const meter = new Meter()

  const logOf =
    (batch: number): SkillContext['log'] =>
    (message, data) => {
      const line = { type: 'log', batch, message: typeof message === 'string' ? message : inspect(message) } as const
      try {
        send(data === undefined ? line : { ...line, data })
      } catch {
        // Functions and the like do not cross.
        send({ ...line, data: inspect(data) })
      }
    }

  // The CPU time of processes that a skill has started is theirs, and nobody tells it.
  const timingOf = (measured: ReturnType<Meter['start']>): SkillTiming =>
    skill.memoryPeakMb ? { ...measured.timing(), cpuMs: null, memoryPeakMb: skill.memoryPeakMb() } : measured.timing()

  return async (id, call) => {
    const controller = new AbortController()
    running.set(id, controller)
    const measured = meter.start()
    try {
      const returned = await skill.run(call.items, contextOf(shared, call, controller, logOf(call.key.batch)))
      measured.stop()
      const { itemFailures, ...outcome } = checkReturned(returned, { items: call.items.length, maxBytes: work.maxResultBytes })
      const failed = itemFailures && { itemFailures: itemFailures.map(([index, error]): [number, WireError] => [index, packError(error)]) }
      send({ type: 'returned', id, outcome, ...failed, timing: timingOf(measured) })
    } catch (error) {
      measured.stop()
      send({ type: 'threw', id, error: packError(error), timing: timingOf(measured) })
    } finally {
      running.delete(id)
    }
  }
}
