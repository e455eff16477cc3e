/**
 * Signals a process and all that it started in its group; on Windows, which has no groups, the process alone.
 *
 * @returns whether there was anything left to signal.
 */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(process.platform === 'win32' ? leader : -leader, signal)
  } catch {
    return false
  }
}
