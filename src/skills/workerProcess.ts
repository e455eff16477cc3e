import { flushCompileCache } from 'node:module'
import { Worker } from 'node:worker_threads'
import { answerToOurName } from '../itself.ts'
import { UNWATCHED } from './protocol.ts'
import { serveSkill } from './serve.ts'

// What a skill's process runs. Its arguments: memoryLimitMb, or 0, or that it needs no watchdog; and what NODE_COMPILE_CACHE was before the host set
// it for us, if anything.
const [memoryLimitMb, compileCache] = process.argv.slice(2)

// First of all: from here on no skill, not even one that loops while it is imported, outlives the host.
if (memoryLimitMb !== UNWATCHED) {
  const watchdog = new Worker(new URL(import.meta.url.endsWith('.ts') ? './watchdog.ts' : './watchdog.js', import.meta.url), {
    workerData: { memoryLimitMb: Number(memoryLimitMb) },
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  })
  watchdog.unref()
}

if (compileCache === undefined) delete process.env.NODE_COMPILE_CACHE
else process.env.NODE_COMPILE_CACHE = compileCache

answerToOurName()
// A process that is killed would not store what it compiled, and the next would start as slowly.
serveSkill({ onLoaded: flushCompileCache })
