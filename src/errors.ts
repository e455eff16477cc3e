export {
  BatchTimeoutError,
  BreakerOpenError,
  ChaosError,
  CommandFailedError,
  CommandInputError,
  MemoryLimitError,
  ResultShapeError,
  SkillClosedError,
  SkillCrashedError,
  SkillInterruptedError,
  SkillKilledError,
  SkillLoadError,
  UnstorableResultError,
  WorkerMessageError,
  exitText,
  type ProcessExit,
} from './errors/skill.ts'
export {
  CommandRefusedError,
  NothingToRetryError,
  OwnerSilentError,
  OwnershipLostError,
  OwnershipUnsureError,
  PlanConflictError,
  PlanFunctionsError,
  RunExistsError,
  RunHeldError,
  RunIdMissingError,
  RunNotFoundError,
  RunStoppedError,
  SnapshotVersionError,
  TroupeClosedError,
} from './errors/run.ts'
export {
  DatabaseFailedError,
  DatabaseLostError,
  DatabasePooledError,
  DatabaseRightsError,
  DatabaseUnreachableError,
  DatabaseUnsuitableError,
  DatabaseUrlError,
  MigrationError,
  NotWrittenError,
  SchemaTooNewError,
  UnstorableFactError,
} from './errors/database.ts'
export {
  EmbeddedBinariesError,
  EmbeddedDataDamagedError,
  EmbeddedHeldError,
  EmbeddedNotWritableError,
  EmbeddedStartError,
  EmbeddedTimeoutError,
  EmbeddedVersionError,
} from './errors/embedded.ts'
export { HttpAnswerError, HttpConnectionError, HttpStatusError, ProxyConnectionError, TemplateError } from './errors/http.ts'
export { RunIdError, checkRunId, isRunId } from './errors/runId.ts'
export { FileUnwritableError, FilesExistError, UsageError } from './errors/commandLine.ts'
export { InputError, InputTooShortError, PlanError, PlanModuleError, PlanUnreadableError, type PlanProblem } from './errors/plan.ts'
export { StoredDamagedError, StoredVersionError } from './errors/stored.ts'
export { shapeOf, wayOf, type FailedWay } from './errors/way.ts'
export { TroupeError } from './errors/troupeError.ts'
