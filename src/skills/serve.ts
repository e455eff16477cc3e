import { inspect } from 'node:util'
import { contextOf, sharedContext } from './context.ts'
import { endGroup } from './endGroup.ts'
import { packError, unpackError } from './errorWire.ts'
import { loadSkillFunction } from './load.ts'
import { Meter } from './meter.ts'
import type { FromProcess, ToProcess } from './protocol.ts'
import { checkReturned } from './returned.ts'
import type { SkillCall, SkillContext, SkillFunction } from './skill.ts'

type Load = Extract<ToProcess, { type: 'load' }>
type Serve = (id: number, call: SkillCall) => Promise<void>

/** Answers the host's messages with a skill, until the host has no more or is gone. */
export function serveSkill({ onLoaded }: { onLoaded: () => void }): void {
  // Kept, should the skill put something else in its place.
  const send = process.send!.bind(process) as (message: FromProcess) => void
  const running = new Map<number, AbortController>()
  let serve: Serve | undefined

  async function load(message: Load) {
    try {
      const skill = await loadSkillFunction(message.module, message.export)
      if (message.work) serve = server(skill, message.work, running, send)
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
        return exitWhenWritten()
    }
  })
  process.on('disconnect', endGroup)
}

// Pipes are written asynchronously: an exit at once would cut off what the skill has printed.
function exitWhenWritten() {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

function server(
  skill: SkillFunction,
  work: NonNullable<Load['work']>,
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

  return async (id, call) => {
    const controller = new AbortController()
    running.set(id, controller)
    const measured = meter.start()
    try {
      const returned = await skill(call.items, contextOf(shared, call, controller, logOf(call.key.batch)))
      measured.stop()
      const outcome = checkReturned(returned, { items: call.items.length, maxBytes: work.maxResultBytes })
      send({ type: 'returned', id, outcome, timing: measured.timing() })
    } catch (error) {
      measured.stop()
      send({ type: 'threw', id, error: packError(error), timing: measured.timing() })
    } finally {
      running.delete(id)
    }
  }
}
