import { chaosText, type Plan } from '../plan.ts'

/** What the user of a plan should know before its first batch, in sentences. */
export function planWarnings({ chaos, written }: Plan): string[] {
  return [
    ...(chaos ? [`CHAOS is on: ${chaosText(chaos)}`] : []),
    ...(writesMetrics(written) ? ['metrics: this version shows every metric, whatever the plan names'] : []),
  ]
}

function writesMetrics(written: Plan['written']): boolean {
  const scenarios: unknown = written?.plan.scenarios
  return (
    typeof scenarios === 'object' && scenarios !== null && Object.values(scenarios).some((each) => Object.hasOwn(each as object, 'metrics'))
  )
}
