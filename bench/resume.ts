import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { planOf } from './ours.ts'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

/**
 * From the start of a process to its first new batch after a kill, PostgreSQL running, ms, as a user starts it: `troupe run PLAN` from `dist`,
 * with a skill in the process itself. Beside it a bare script that starts, connects and makes one query.
 */
export async function resumeTimes(url: string, rounds: number): Promise<{ resumeMs: number[]; bareMs: number[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  const times = { resumeMs: [] as number[], bareMs: [] as number[] }
  try {
    for (let i = 0; i < rounds; i++) {
      const callsFile = join(directory, `calls-${i}`)
      const plan = join(directory, 'plan.json')
      const { skill, ...rest } = planOf({ callsFile }, { scaling: { sizes: [200_000] }, sync: { mode: 'free' } })
      await writeFile(plan, JSON.stringify({ ...rest, name: `resume-${i}`, skill }))
      await firstCall(plan, callsFile, url)
      times.resumeMs.push(await firstCall(plan, callsFile, url))
      times.bareMs.push(await bareScript(url))
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return times
}

/** Starts the plan, waits for its first call, kills it. @returns how long that took, ms. */
async function firstCall(plan: string, callsFile: string, url: string): Promise<number> {
  await writeFile(callsFile, '')
  const started = Date.now()
  const child = spawn(process.execPath, [cli, 'run', plan, '--quiet', '--database', url], { stdio: 'ignore' })
  for (;;) {
    const [first] = (await readFile(callsFile, 'utf8')).split('\n')
    if (first) {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      return Number(first) - started
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function bareScript(url: string): Promise<number> {
  const started = performance.now()
  const postgres = import.meta.resolve('postgres')
  const script = `const { default: postgres } = await import(${JSON.stringify(postgres)}); const sql = postgres(process.argv[1]); await sql\`select 1\`; await sql.end()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, url], { stdio: 'ignore' })
  await new Promise((resolve) => child.once('exit', resolve))
  return performance.now() - started
}
