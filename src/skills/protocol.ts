import type { CommandSetup } from './commandSkill.ts'
import type { SkillScenario } from './context.ts'
import type { WireError } from './errorWire.ts'
import type { Returned } from './returned.ts'
import type { SkillCall, SkillTiming } from './skill.ts'

/** What a skill's batches need beside themselves. */
export interface SkillWork {
  scenario: SkillScenario
  itemsModule: string
  maxResultBytes: number
}

/** What a host says to a skill's process. The first message is `load`. */
export type ToProcess =
  /**
   * `work: null`: only to see whether it can be loaded. With `setup` the module is one of ours, and what it exports makes the skill (`MakeSkill`);
   * then the process is one for commands.
   */
  | { type: 'load'; module: string; export: string; setup?: CommandSetup; work: SkillWork | null }
  | { type: 'call'; id: number; call: SkillCall }
  | { type: 'abort'; id: number; reason: WireError }
  /** Nothing is in flight: exit. */
  | { type: 'end' }
  /** To a process for commands: end at once, with all of them. */
  | { type: 'kill' }

/** What a skill's process says to its host. */
export type FromProcess =
  | { type: 'loaded' }
  | { type: 'unloadable'; error: WireError }
  | {
      type: 'returned'
      id: number
      outcome: Omit<Returned, 'itemFailures'>
      itemFailures?: [index: number, error: WireError][]
      timing: SkillTiming
    }
  | { type: 'threw'; id: number; error: WireError; timing: SkillTiming }
  | { type: 'log'; batch: number; message: string; data?: unknown }
  /** It has heard that it is to end: what it has still to write comes before its exit. */
  | { type: 'ending' }
  /** Of a process for commands: it has started a process group, or has ended one. */
  | { type: 'group'; leader: number; alive: boolean }

/** Where the host's end of the line to the watchdog is, among the process's files. */
export const WATCHDOG_FD = 3

/** In place of a memory limit, to a process whose event loop never blocks: it needs no watchdog. */
export const UNWATCHED = 'unwatched'
