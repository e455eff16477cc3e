import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { startEmbedded } from '../src/persistence/embedded.ts'
import { openTroupe } from '../src/troupe.ts'
import { createTable, floor, grouped } from './byHand.ts'
import { contest } from './contest.ts'
import { ours } from './ours.ts'
import { overheadUs } from './overhead.ts'
import { resultsPage } from './page.ts'
import { resumeTimes } from './resume.ts'
import { median } from './statistics.ts'
import { barrierReleaseP99, memoryOfWaiting } from './waiting.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)
const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
const server = await startEmbedded({ directory })
const { host, port, user } = server.connection
const url = `postgres://${user}@localhost:${port}/postgres?host=${encodeURIComponent(host)}`
const address = { host, port, user, database: 'postgres' }
const byHand = postgres({ ...address, max: 3, onnotice() {} })
const oneConnection = postgres({ ...address, max: 1, onnotice() {} })
try {
  await createTable(byHand)
  const troupe = await openTroupe({ database: url })
  const contenders = [floor(byHand), grouped(oneConnection), ours(troupe)]
  say('one run at a time')
  const one = await contest(byHand, contenders, { runs: 1, bytes: 1_000, rounds: 15, warmups: 100 })
  say('100 runs at once')
  const many = await contest(byHand, contenders, { runs: 100, bytes: 1_000, rounds: 5, warmups: 4 })
  say('one run with results of 100 KB')
  const large = await contest(byHand, contenders, { runs: 1, bytes: 100_000, rounds: 7, warmups: 10 })
  say('barriers')
  const releases = []
  for (let i = 0; i < 7; i++) releases.push(await barrierReleaseP99(troupe))
  say('10 000 waiting scenarios')
  const waitingMb = await memoryOfWaiting(troupe)
  await troupe.close()
  say('breaker, retry and time-out')
  const addedUs = await overheadUs(8)
  say('a process after a kill')
  const { resumeMs, bareMs } = await resumeTimes(url, 7)
  const [{ version }] = await byHand<[{ version: string }]>`select current_setting('server_version') as version`
  const page = resultsPage({
    one,
    many,
    large,
    releaseP99Ms: median(releases),
    waitingMb,
    addedUs,
    resumeMs: median(resumeMs),
    bareMs: median(bareMs),
    machine: `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: `Node ${process.version}, PostgreSQL ${version} (fsync and synchronous_commit on, Unix socket)`,
  })
  await writeFile(fileURLToPath(new URL('./RESULTS.md', import.meta.url)), page)
  process.stdout.write(page)
} finally {
  await Promise.all([byHand.end({ timeout: 1 }), oneConnection.end({ timeout: 1 })])
  await server.release()
  await rm(directory, { recursive: true, force: true })
}
