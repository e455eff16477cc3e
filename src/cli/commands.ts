import type { Command } from 'commander'

/** A command as the overview shows it. Its file is loaded only if the command line names it. */
export interface Entry {
  name: string
  /** After its name. */
  usage: string
  summary: string
  load: () => Promise<{ define: (command: Command) => void }>
}

export const commands: readonly Entry[] = [
  { name: 'run', usage: '<file>', summary: 'run a plan or a skill module, or go on where it stopped', load: () => import('./run.ts') },
  { name: 'resume', usage: '<run>', summary: 'go on with a stored run', load: () => import('./resume.ts') },
  { name: 'list', usage: '', summary: 'all runs, the newest first', load: () => import('./list.ts') },
  { name: 'show', usage: '<run>', summary: 'a run, its scenarios and its last events, now or earlier', load: () => import('./show.ts') },
  { name: 'status', usage: '<run>', summary: 'how far a run is, in any process', load: () => import('./status.ts') },
  { name: 'results', usage: '<run> [scenario]', summary: "the skill's results, streamed", load: () => import('./results.ts') },
  { name: 'report', usage: '<run>', summary: 'the report of a run, whole or so far', load: () => import('./report.ts') },
  { name: 'pause', usage: '<run> [scenario]', summary: 'pause a run or one scenario', load: () => import('./pause.ts') },
  { name: 'continue', usage: '<run> [scenario]', summary: 'continue what was paused', load: () => import('./continue.ts') },
  { name: 'cancel', usage: '<run> [scenario]', summary: 'end a run or one scenario now', load: () => import('./cancel.ts') },
  { name: 'restart', usage: '<run> <scenario>', summary: 'try the items without a result again', load: () => import('./restart.ts') },
  {
    name: 'breaker',
    usage: '',
    summary: 'the breaker in front of a skill: open, disable, reset, simulate',
    load: () => import('./breaker.ts'),
  },
  { name: 'fork', usage: '<run>', summary: 'begin a new run as of an event of another', load: () => import('./fork.ts') },
  { name: 'try', usage: '<file>', summary: 'take one item through the skill, without a database', load: () => import('./try.ts') },
  { name: 'plan', usage: '<file>', summary: 'check a plan and print what would run', load: () => import('./plan.ts') },
  {
    name: 'simulate',
    usage: '',
    summary: 'the aggregation of parallel groups, over random schedules',
    load: () => import('./simulate.ts'),
  },
  { name: 'init', usage: '[dir]', summary: 'a plan and a skill to start from', load: () => import('./init.ts') },
  { name: 'schema', usage: '', summary: 'the JSON Schema of plans', load: () => import('./schema.ts') },
  { name: 'db', usage: '', summary: 'the database: status, start, stop, migrate, prune', load: () => import('./db.ts') },
]
