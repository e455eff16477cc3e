import type { OrchestratorRef, ScenarioRef } from './recorder.ts'
import type { Fact } from '../persistence/facts.ts'
import { isFinal } from '../machines/scenarioStep.ts'

/** The scenario of the first item that failed for good, by address; `undefined`: there is none. */
export function failedIn(facts: readonly Fact[]): string | undefined {
  for (const fact of facts) {
    if (fact.kind === 'batch' && (fact.outcome === 'failed' || fact.itemErrors !== null)) return `${fact.variant}/${fact.scenario}`
  }
  return undefined
}

/** Ends a run because of a failed item of one scenario: that one fails with `errors`, whatever it tolerates, the others are cancelled. */
export function bail(orchestrator: OrchestratorRef, scenario: string, at: number) {
  const { children, context } = orchestrator.getSnapshot()
  const failing = children[scenario] as unknown as ScenarioRef
  failing.send({ type: 'scenario.broke', reason: 'errors', at })
  for (const [address, { status }] of Object.entries(context.members)) {
    if (address !== scenario && !isFinal(status)) orchestrator.send({ type: 'run.cancel', scenario: address, at })
  }
}
