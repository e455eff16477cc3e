export { openTroupe, Troupe } from './troupe.ts'
export type { StartOptions, TroupeOptions } from './host/options.ts'
export type { Logger } from './host/ensemble.ts'
export { Run, type RunEvents } from './run.ts'
export type { BreakerProgress, RunProgress, ScenarioProgress } from './host/progress.ts'
export type { RunView } from './host/view.ts'
export type { Owner, RunSummary, StoredEvent, StoredItemError, StoredResult } from './persistence/store.ts'

export {
  breakerPlan,
  chaosText,
  definePlan,
  loadPlan,
  planJsonSchema,
  type BreakerPlan,
  type LoadedPlan,
  type Plan,
  type PlanInput,
  type PlanOverrides,
} from './plan.ts'
export { prepare as preparePlan, type Prepared } from './host/prepare.ts'
export { trySkill, type Tried, type TriedOutcome, type TryOptions } from './host/trySkill.ts'

export type { Report, ScenarioReport } from './report/report.ts'
export type { Comparison, ComparedScenario } from './report/comparison.ts'
export type { Verdict } from './report/verdict.ts'
export { textReport, type TextOptions } from './report/text.ts'
export { exitCodeOf, type ExitCode } from './report/exitCode.ts'
export { page as textPage, type Page } from './report/text/lines.ts'
export { table as textTable, type Column } from './report/text/table.ts'
export { failureText } from './report/place.ts'
export { duration } from './report/text/units.ts'

export { databaseStatus, migrateDatabase, startDatabase, stopDatabase, type DatabaseStatus } from './host/administer.ts'
export type { DatabaseOptions } from './host/database.ts'
export { systemClock, type Clock } from './clock.ts'

export { orchestratorMachine } from './machines/orchestrator.ts'
export { scenarioMachine } from './machines/scenario.ts'
export { barrierMachine } from './machines/barrier.ts'
export { breakerMachine } from './machines/breaker.ts'
export { simulateGroups, type SimulatedGroups } from './host/simulateGroups.ts'
export { simulateEvents, type Simulation } from './machines/breakerSimulation.ts'
export { runLogic, type RunInput, type RunLogic, type RunStarter } from './actors/run.ts'

export type { SkillContext, SkillFunction as Skill, SkillFunction, SkillReturn, ToldItemError } from './skills/skill.ts'
export { CriticalError, ItemError, RecoverableError, TransientError } from './skills/errorClass.ts'
export { BatchTimeoutError, BreakerOpenError, CommandFailedError, CommandInputError, CommandRefusedError } from './errors.ts'
export { DatabaseLostError, DatabaseUnreachableError, EmbeddedBinariesError, NotWrittenError } from './errors.ts'
export {
  EmbeddedDataDamagedError,
  EmbeddedHeldError,
  EmbeddedNotWritableError,
  EmbeddedStartError,
  EmbeddedTimeoutError,
} from './errors.ts'
export { EmbeddedVersionError, InputError, InputTooShortError, MemoryLimitError, MigrationError, OwnershipLostError } from './errors.ts'
export { PlanConflictError, PlanError, PlanModuleError, PlanUnreadableError, ResultShapeError, RunExistsError } from './errors.ts'
export {
  NothingToRetryError,
  OwnerSilentError,
  RunHeldError,
  RunIdError,
  RunNotFoundError,
  RunStoppedError,
  SchemaTooNewError,
  SkillClosedError,
  SkillCrashedError,
} from './errors.ts'
export {
  SkillInterruptedError,
  SkillLoadError,
  SnapshotVersionError,
  StoredDamagedError,
  StoredVersionError,
  TroupeError,
  UnstorableFactError,
  isRunId,
} from './errors.ts'
export { DatabaseFailedError, HttpAnswerError, HttpStatusError, PlanFunctionsError, RunIdMissingError } from './errors.ts'
export { TemplateError, UnstorableResultError } from './errors.ts'
export { TroupeClosedError } from './errors.ts'
