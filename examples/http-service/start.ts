import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startService } from './server.ts'

// Starts the service and runs the command behind `--` against it. From request `--from` on it refuses all for `--outage` ms.
const { values, positionals } = parseArgs({
  options: { from: { type: 'string', default: '20' }, outage: { type: 'string', default: '1000' } },
  allowPositionals: true,
})
const [command, ...args] = positionals
if (command === undefined) throw new Error('usage: node start.ts [--from N] [--outage MS] -- COMMAND…')

const service = await startService({ burst: { from: Number(values.from), ms: Number(values.outage) } })
const run = spawn(command, args, {
  stdio: 'inherit',
  env: { ...process.env, SCORES_URL: service.address },
  shell: process.platform === 'win32',
})
// Ctrl-C reaches the run as well, which stores what it has first.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => run.kill('SIGTERM'))
const [code] = (await once(run, 'exit')) as [number | null]
console.error(`The service: ${JSON.stringify(service.counters())}`)
await service.close()
process.exitCode = code ?? 1
