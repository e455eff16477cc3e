import type { SkillScenario } from './context.ts'
import type { WireError } from './errorWire.ts'
import type { Returned } from './returned.ts'
import type { SkillCall, SkillTiming } from './skill.ts'

/** What a host says to a skill's process. The first message is `load`. */
export type ToProcess =
  /** `work: null`: only to see whether it can be loaded. */
  | { type: 'load'; module: string; export: string; work: { scenario: SkillScenario; itemsModule: string; maxResultBytes: number } | null }
  | { type: 'call'; id: number; call: SkillCall }
  | { type: 'abort'; id: number; reason: WireError }
  /** Nothing is in flight: exit. */
  | { type: 'end' }

/** What a skill's process says to its host. */
export type FromProcess =
  | { type: 'loaded' }
  | { type: 'unloadable'; error: WireError }
  | { type: 'returned'; id: number; outcome: Returned; timing: SkillTiming }
  | { type: 'threw'; id: number; error: WireError; timing: SkillTiming }
  | { type: 'log'; batch: number; message: string; data?: unknown }

/** Where the host's end of the line to the watchdog is, among the process's files. */
export const WATCHDOG_FD = 3
