/** Where in a plan: keys and indices from the top. */
export type PlanPath = readonly PropertyKey[]

/** One thing that is wrong in a plan. */
export interface Problem {
  path: PlanPath
  message: string
}

export type Report = (path: PlanPath, message: string) => void

/** `scenarios.medium.batchSize`, `sync.at[1]`; empty for the plan as a whole. */
export function pathText(path: PlanPath): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`
    return text === '' ? String(segment) : `${text}.${String(segment)}`
  }, '')
}

export function startsWith(path: PlanPath, start: PlanPath): boolean {
  return start.every((segment, index) => path[index] === segment)
}
