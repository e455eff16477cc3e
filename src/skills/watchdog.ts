import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import { endGroup } from './endGroup.ts'
import { WATCHDOG_FD } from './protocol.ts'

// A thread beside the skill, so that a skill that never yields is watched as well: ends the process when its host is gone, or its memory too much.
const SAMPLE_MS = 50
const { memoryLimitMb } = workerData as { memoryLimitMb: number }

// Our line to the host. Its end is the host's end, however that came about.
const host = new Socket({ fd: WATCHDOG_FD, readable: true, writable: true })
host.on('end', endGroup).on('error', endGroup).on('close', endGroup).resume()

if (memoryLimitMb > 0) setInterval(checkMemory, SAMPLE_MS)

function checkMemory() {
  const residentMb = process.memoryUsage.rss() / 2 ** 20
  if (residentMb <= memoryLimitMb) return
  writeSync(WATCHDOG_FD, `${Math.ceil(residentMb)}\n`)
  endGroup()
}

flushCompileCache()
