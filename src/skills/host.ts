import type { Clock } from '../clock.ts'
import type { Workers } from './workers.ts'

/** What skills need from where they run. */
export interface SkillHost {
  /** Shared by all runs of this process. */
  workers: Workers
  /** For time-outs and their grace. */
  clock: Clock
  /** How long a skill may go on after its abort, ms, before its process is killed. */
  graceMs: number
  /** Of one batch's results, as JSON in UTF-8. */
  maxResultBytes: number
  /** Names of environment variables that skills get although they are ours. Default: none. */
  secrets?: readonly string[]
  /** Takes secrets out of what is told of calls. */
  redact?: (text: string) => string
  /** URL of the module whose `openInput` opens a scenario's input: loaded where the skill runs, and only when it asks for the items. */
  itemsModule: string
  /** What skills log, and what their processes write, line by line. `data` says whose it is. */
  log(message: string, data?: object): void
}
