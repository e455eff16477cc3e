import type { InspectionEvent } from 'xstate'
import type { Clock } from '../clock.ts'
import type { DatabaseOptions } from './database.ts'
import type { Logger } from './ensemble.ts'
import type { LoadedPlan, PlanInput, PlanOverrides } from '../plan.ts'

export interface TroupeOptions extends DatabaseOptions {
  clock?: Clock
  /** Where skills' `context.log` and their output go, with what else is worth a line. Default: nowhere. */
  logger?: Logger
  /** Hears every actor of every run, as XState's `inspect` does. */
  inspect?: (event: InspectionEvent) => void
}

export interface StartOptions {
  /** That run, new or begun. Without: the newest unfinished run with the same fingerprint, else a new one. */
  id?: string
  /** Always a new run. */
  forceNew?: boolean
  /** For an ended run: a new round over what is not confirmed. Rejects where there is none: it never begins a run. */
  retryFailed?: boolean
  /** The first item that fails for good ends the run, which is not tried again by itself. */
  bail?: boolean
  overrides?: PlanOverrides
  /** Relative paths of a plan object are resolved against it. Default: the working directory. */
  directory?: string
}

export interface ResumeOptions extends Pick<StartOptions, 'retryFailed' | 'bail'> {
  plan?: PlanInput | LoadedPlan | string
}
