import { pathToFileURL } from 'node:url'
import type { Clock } from '../clock.ts'
import { loadPlace, messageWithPlace } from '../loadPlace.ts'
import type { Store } from '../persistence/store.ts'
import type { LoadedPlan, Plan } from '../plan.ts'
import type { RunFigures } from '../report/figures.ts'
import { makeReport, type Report } from '../report/report.ts'
import { messageOf } from '../skills/errorClass.ts'
import { gather, type ReportStates } from './gather.ts'

export interface ReportOptions {
  store: Store
  plan: Plan
  /** Where it was read from, as the user named it. */
  planFile?: string
  functions?: LoadedPlan['functions']
  /** The database, as it may be shown. */
  shown: string
  now: ReturnType<Clock['now']>
}

/** The report of what is known now; at the end of a run it is stored with it. */
export async function reportOf({ store, plan, planFile, functions, shown, now }: ReportOptions, states: ReportStates): Promise<Report> {
  const figures = await gather(store, plan, shown, states, now)
  return makeReport({ ...figures, planFile, synthesis: await synthesize(plan, functions, figures.claims) })
}

async function synthesize(plan: Plan, functions: LoadedPlan['functions'] | undefined, claims: object[]): Promise<RunFigures['synthesis']> {
  try {
    const given = functions?.synthesize ?? (plan.synthesize && (await loadExport(plan.synthesize)))
    return given ? { value: (await given(claims)) ?? null } : null
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

async function loadExport({ module, export: name }: { module: string; export: string }): Promise<(claims: object[]) => unknown> {
  const loaded = (await import(pathToFileURL(module).href).catch(async (cause: unknown) => {
    throw new Error(messageWithPlace(messageOf(cause), await loadPlace(cause, module)), { cause })
  })) as Record<string, unknown>
  const found = loaded[name]
  if (typeof found !== 'function') throw new Error(`${module} exports no function "${name}"`)
  return found as (claims: object[]) => unknown
}
