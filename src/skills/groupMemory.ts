import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/**
 * What the processes of some groups hold in resident memory together, MB. What they share counts for each of them.
 *
 * @param leaders Ids of the groups.
 * @returns `null` where the system does not tell.
 */
export async function groupMemoryMb(leaders: ReadonlySet<number>): Promise<number | null> {
  if (process.platform === 'win32') return null
  return (process.platform === 'linux' ? fromProc(leaders) : await fromPs(leaders)) / 1024
}

function fromProc(leaders: ReadonlySet<number>): number {
  let kb = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      // pid (name) state parent group …, where the name may hold anything.
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3)[2])
      if (leaders.has(group)) kb += Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${name}/status`, 'latin1'))?.[1] ?? 0)
    } catch {
      // It has ended meanwhile.
    }
  }
  return kb
}

async function fromPs(leaders: ReadonlySet<number>): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pgid=', '-o', 'rss='])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return rows.reduce((kb, [group, rss]) => (leaders.has(group!) ? kb + rss! : kb), 0)
}
