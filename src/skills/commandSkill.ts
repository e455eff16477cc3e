import { MemoryLimitError } from '../errors.ts'
import type { CommandSkill } from '../plan.ts'
import { BatchCommand } from './commandBatch.ts'
import { LinesCommand } from './commandLines.ts'
import { type Program, startProgram } from './commandProgram.ts'
import { renderCommand } from './commandTemplate.ts'
import { ownedGroups } from './endGroup.ts'
import { MemoryWatch } from './memoryWatch.ts'
import type { SkillWork } from './protocol.ts'
import type { MadeSkill } from './serve.ts'
import type { SkillContext } from './skill.ts'

/** What the worker process of a command skill is told of it. Flat JSON. */
export interface CommandSetup {
  spec: CommandSkill
  /** From SIGTERM to SIGKILL, ms. */
  graceMs: number
}

/** Starts a program for a batch, which it may outlive. `log` gets its standard error line by line. */
export type Start = (context: SkillContext, log: (line: string) => void) => Promise<Program>

/** What commands of a scenario are made of, in its worker process. */
export interface CommandParts {
  spec: CommandSkill
  start: Start
  maxResultBytes: number
}

/** The skill that runs in a worker process for commands. */
export default function commandSkill({ spec, graceMs }: CommandSetup, { scenario, maxResultBytes }: SkillWork): MadeSkill {
  const programs = new Set<Program>()
  const limitMb = scenario.memoryLimitMb
  const watch =
    limitMb === null
      ? undefined
      : new MemoryWatch(ownedGroups, limitMb, (residentMb) => {
          for (const program of programs) program.kill(new MemoryLimitError(limitMb, residentMb))
        })
  const start: Start = async (context, log) => {
    const program = await startProgram(renderCommand(spec, context), graceMs, log)
    programs.add(program)
    void program.gone.then(() => programs.delete(program))
    watch?.start()
    return program
  }
  const parts = { spec, start, maxResultBytes }
  const command = spec.mode === 'lines' ? new LinesCommand(parts) : new BatchCommand(parts)
  return {
    run: (items, context) => command.run(items, context),
    close: () => command.close(),
    memoryPeakMb: () => watch?.peakMb ?? null,
  }
}
