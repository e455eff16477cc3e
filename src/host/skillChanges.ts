import { SKILL_FILES, type EventFact } from '../persistence/facts.ts'
import type { RunRow, SkillVersion, Store, StoredEvent } from '../persistence/store.ts'
import { type Plan, skillText } from '../plan.ts'
import type { Prepared } from './prepare.ts'

/** Of the event that tells with which files a run went on. `changed`: those that differ from what was stored before; none where only more of them are known now. */
interface SkillFiles {
  variant: string
  files: SkillVersion['files']
  changed: string[]
  /** Scenarios with results of the program before in batches that are not settled. */
  kept: string[]
}

/** What a skill has become since a run was last at work. */
export interface SkillChanges {
  /** Of each variant whose files are not those that the run began with. */
  warnings: string[]
  /** To be stored before the run goes on, so that its report knows of it. */
  facts: EventFact[]
}

export async function skillChanges(store: Store, row: RunRow, { plan, skillVersions }: Prepared, now: number): Promise<SkillChanges> {
  const [events, kept] = await Promise.all([store.skillEvents(row.id), store.kept(row.id)])
  const changes = Object.entries(skillVersions).map(([variant, version]) => {
    const began = skillVersion(row.skillVersions[variant])
    const last = events.map(filesIn).findLast((data) => data.variant === variant)
    const changed = changedFiles(last ? { version: began.version, files: last.files } : began, version)
    const since = [...new Set([...changedFiles(began, version), ...changed])]
    const isNew = changed.length > 0 || (!last && 'hash' in began && version.files.length > 0)
    const unsettled = kept.filter((of) => of.variant === variant && Object.keys(of.results).length > 0).map(({ scenario }) => scenario)
    const data: SkillFiles = { variant, files: version.files, changed, kept: [...new Set(unsettled)] }
    return {
      warnings: since.length > 0 ? [warning(plan, variant, since)] : [],
      facts: isNew ? [{ kind: 'event', at: now, actor: 'host', type: SKILL_FILES, data: { ...data } } satisfies EventFact] : [],
    }
  })
  return { warnings: changes.flatMap(({ warnings }) => warnings), facts: changes.flatMap(({ facts }) => facts) }
}

/** A variant of which there is more than one program: which of them confirmed something, by scenario. */
export interface StoredPrograms {
  variant: string
  /** Of all changes. */
  files: string[]
  /** Programs count from 0, in the order in which they came; one that came back is the same. */
  scenarios: { scenario: string; program: number }[]
}

export async function storedPrograms(store: Store, run: string): Promise<StoredPrograms[]> {
  const events = await store.skillEvents(run)
  if (events.every((event) => filesIn(event).changed.length === 0)) return []
  const sequences = events.map(({ sequence }) => sequence)
  const [row, spans] = await Promise.all([store.get(run), store.confirmedSpans(run, sequences)])
  const unsettled = events.flatMap((event, span) =>
    filesIn(event).kept.map((scenario) => ({ variant: filesIn(event).variant, scenario, span })),
  )
  const variants = [...new Set(events.map((event) => filesIn(event).variant))]
  return variants.map((variant) => {
    const programs = programsOf(skillVersion(row?.skillVersions[variant]), events.map(filesIn), variant)
    return {
      variant,
      files: [...new Set(events.map(filesIn).flatMap((data) => (data.variant === variant ? data.changed : [])))],
      scenarios: [...spans, ...unsettled].flatMap(({ scenario, span, ...of }) =>
        of.variant === variant ? { scenario, program: programs[span]! } : [],
      ),
    }
  })
}

/** The program at work after so many of the events. */
function programsOf(began: Known, events: readonly SkillFiles[], variant: string): number[] {
  const known: (string | null)[] = ['hash' in began ? null : JSON.stringify(began.files)]
  const programs = [0]
  for (const { files, changed, ...of } of events) {
    const last = programs.at(-1)!
    if (of.variant !== variant) {
      programs.push(last)
      continue
    }
    const text = JSON.stringify(files)
    if (changed.length === 0) known[last] ??= text
    const found = known.indexOf(text)
    programs.push(found >= 0 ? found : known.push(text) - 1)
  }
  return programs
}

/** Of a run that 0.1.0 began, only the hash of the main file is known. */
type Known = SkillVersion | { version: string | null; hash: string }

function skillVersion(stored: RunRow['skillVersions'][string] | undefined): Known {
  if (stored === null || stored === undefined) return { version: null, hash: '' }
  if (typeof stored === 'object') return stored
  const at = stored.lastIndexOf('#')
  return { version: stored.slice(0, Math.max(0, at)) || null, hash: stored.slice(at + 1) }
}

function changedFiles(before: Known, now: SkillVersion): string[] {
  if (before.version !== now.version) return []
  if ('hash' in before) {
    const [main] = now.files
    return before.hash === '' || main?.[1] === before.hash ? [] : [main?.[0] ?? 'its main file']
  }
  const [then, today] = [new Map(before.files), new Map(now.files)]
  return [...new Set([...then.keys(), ...today.keys()])].filter((path) => then.get(path) !== today.get(path))
}

function warning(plan: Plan, variant: string, files: readonly string[]): string {
  const have = files.length === 1 ? 'The file of' : 'Files of'
  const named = files.length > 10 ? `${files.slice(0, 10).join(', ')} and ${files.length - 10} more` : files.join(', ')
  const has = files.length === 1 ? 'has' : 'have'
  return `${have} skill "${variant}" ${has} changed since this run began: ${named} (${skillText(plan.variants[variant]!)}). Its version has not.`
}

const filesIn = (event: StoredEvent) => event.data as unknown as SkillFiles
