import { wayOf } from '../errors.ts'
import { itemsText } from './place.ts'
import type { RunFigures, ScenarioFigures } from './figures.ts'
import type { ReportedError } from './reportedError.ts'
import { troupeCommand } from '../shellCommand.ts'

/** Why a run failed, as far as its errors tell. `because`: the rule that fired, with its numbers. `advice`: what to try, in sentences. */
export interface Diagnosis {
  cause: 'skill' | 'resource' | 'network' | 'database' | 'unknown'
  because: string
  /** The first failed attempt of each scenario that failed, in the order of the plan; `null` where none is stored. */
  firstErrors: { variant: string; scenario: string; reason: string | null; error: ReportedError | null }[]
  advice: string[]
}

/** `null` where no scenario failed by itself: nothing went wrong, or somebody wanted it so. */
export function diagnose(figures: RunFigures): Diagnosis | null {
  const failed = figures.scenarios.filter(({ status, reason }) => status === 'failed' && reason !== 'cancelled')
  if (failed.length === 0) return null
  const firstErrors = failed.map((scenario) => ({
    variant: scenario.variant,
    scenario: scenario.name,
    reason: scenario.reason,
    error: figures.firstErrors.find(({ variant, name }) => variant === scenario.variant && name === scenario.name)?.error ?? null,
  }))
  const errors = firstErrors.flatMap(({ error }) => error ?? [])
  const { cause, because } = causeOf(figures, failed, errors)
  return { cause, because, firstErrors, advice: adviceFor(cause, figures, failed, because.startsWith(REFUSES)) }
}

/** Of the scenarios that failed, most decide. Database before network: its connections are lost like any other. */
function causeOf(
  { breakers }: RunFigures,
  failed: readonly ScenarioFigures[],
  errors: readonly ReportedError[],
): Pick<Diagnosis, 'cause' | 'because'> {
  const starved = failed.filter(({ reason }) => reason === 'memory' || reason === 'time-budget').length
  if (starved * 2 > failed.length)
    return { cause: 'resource', because: `${share(starved, failed.length, 'failed scenario')} ran out of memory or time` }
  const refusals = errors.filter(isRefusal)
  if (refusals.length * 2 > errors.length) {
    const statuses = [...new Set(refusals.map(({ status }) => status))].join(' and ')
    return { cause: 'skill', because: `${REFUSES}: it answers with ${statuses}` }
  }
  const bugs = failed.filter(({ variant }) => breakers.some((breaker) => breaker.variant === variant && breaker.neverWorked)).length
  if (bugs * 2 > failed.length) return { cause: 'skill', because: 'no call has ever worked, and all failed in the same way' }
  const firsts = (n: number) => share(n, errors.length, 'first error')
  const ofDatabase = errors.filter(isOfDatabase).length
  if (ofDatabase * 2 > errors.length) return { cause: 'database', because: `${firsts(ofDatabase)} came from a database` }
  const ofNetwork = errors.filter(isOfNetwork).length
  if (ofNetwork * 2 > errors.length)
    return { cause: 'network', because: `${firsts(ofNetwork)} came from a service that could not be reached or could not answer` }
  const shapes = new Set(errors.map(wayOf)).size
  if (shapes === 1)
    return { cause: 'skill', because: errors.length === 1 ? 'it threw' : `the same error in all ${errors.length} scenarios that have one` }
  return {
    cause: 'unknown',
    because: shapes === 0 ? 'no failed attempt is stored' : `the first errors of ${errors.length} scenarios are ${shapes} different ones`,
  }
}

const REFUSES = 'its service refuses who asks'
const REFUSED =
  'Give what the service asks for in headers of the skill, such as authorization: "Bearer ${env:TOKEN}", and see that the token is right, has not expired, and may do this'

const isRefusal = ({ status }: ReportedError) => status === 401 || status === 403

const share = (n: number, all: number, noun: string) => (all === 1 ? `the ${noun}` : `${n} of ${all} ${noun}s`)

const DATABASE = /^(Postgres|Mysql|Sqlite|Mongo|Redis|Sequelize|Prisma|Database)\w*Error$/i
const DATABASE_PORT = /:(5432|3306|27017|6379|1433)\b/
/** SQLSTATE classes of connections, resources and shutdowns. */
const SQLSTATE = /^(08|53|57|58)[0-9A-Z]{3}$/

const linksOf = (error: ReportedError) => [error, ...(error.causes ?? [])]

const isOfDatabase = (error: ReportedError) =>
  SQLSTATE.test(error.code ?? '') || linksOf(error).some(({ name, message }) => DATABASE.test(name) || DATABASE_PORT.test(message))

const LOST =
  /\b(E(CONN(REFUSED|RESET|ABORTED)|PIPE|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|TIMEDOUT)|UND_ERR_\w+)\b|^(HTTP|PROXY)_CONNECTION$/

const isOfNetwork = (error: ReportedError) =>
  (error.status !== undefined && (error.status >= 500 || error.status === 429 || error.status === 408)) ||
  LOST.test(error.code ?? '') ||
  linksOf(error).some(({ message }) => LOST.test(message))

function adviceFor(cause: Diagnosis['cause'], figures: RunFigures, failed: readonly ScenarioFigures[], isRefused: boolean): string[] {
  const { run, recoveries, environment } = figures
  const [first] = failed
  const scenario = `${first!.variant}/${first!.name}`
  const again = `Then go on with the items without a result: ${troupeCommand('restart', run, scenario)}, or the same command with --retry-failed`
  const tried = recoveries > 0 ? ['It was tried again by itself, with smaller batches one at a time, and failed again'] : []
  const advice = cause === 'skill' ? [`${isRefused ? REFUSED : 'Fix the skill'}. ${reproduction(figures, failed)}`] : ADVICE[cause]
  return [...tried, ...advice, ...(environment.database === 'memory' ? [] : [again])]
}

/** A command that shows the first error again, with one item, as far as it is known where the plan is and which item it was. */
function reproduction({ planFile, firstErrors, scenarios }: RunFigures, failed: readonly ScenarioFigures[]): string {
  const known = failed.flatMap(({ variant, name }) => firstErrors.find((each) => each.variant === variant && each.name === name) ?? [])[0]
  const { variant, name } = known ?? failed[0]!
  const { itemNumbers, range } = known?.error ?? {}
  const item = itemNumbers?.[0] ?? range?.[0] ?? 0
  const several = (key: 'variant' | 'name') => new Set(scenarios.map((each) => each[key])).size > 1
  const options = [...(several('variant') ? ['--variant', variant] : []), ...(several('name') ? ['--scenario', name] : [])]
  const others = !itemNumbers && range && range[1] - range[0] > 1 ? `; its batch had the ${itemsText(range)}` : ''
  return `See the error with one item and its whole stack: ${troupeCommand('try', planFile ?? 'PLAN', '--item', String(item), ...options)}${others}`
}

const ADVICE: Record<Exclude<Diagnosis['cause'], 'skill'>, string[]> = {
  resource: ['Raise memoryLimitMb or timeBudgetMs of the scenario, or lower batchSize and parallel, so that a batch needs less at once'],
  network: [
    'See whether the service answers, and how many calls at once it can bear; lower parallel, or give retry more attempts and a longer backoffMs',
  ],
  database: [
    'See whether the database that the skill uses is up and has connections left; lower parallel, or let the skill share connections',
  ],
  unknown: ['Read the first error of each scenario; --verbose shows every failed attempt while it runs'],
}
