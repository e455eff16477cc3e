import { signalGroup } from './processGroup.ts'

/** Groups that this process has started beside its own, by the id of their leader: they end with it. */
export const ownedGroups = new Set<number>()

/** Ends this process at once, and what it started: the groups it owns and its own, where it leads one. */
export function endGroup(): void {
  for (const leader of ownedGroups) signalGroup(leader, 'SIGKILL')
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.kill(process.pid, 'SIGKILL')
  }
}
