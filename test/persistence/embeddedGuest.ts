/**
 * A process of its own in an embedded database: `embeddedGuest.ts DIRECTORY [TIMEOUT_MS]`. Says what it does as JSON lines on
 * stdout; leaves at `release` on stdin. With `stopped` for a third argument it stops (SIGSTOP) where it is about to start something. With `idle` for a third argument it takes no orders and does nothing to stay alive.
 */
import { createInterface } from 'node:readline'
import { startEmbedded } from '../../src/persistence/embedded.ts'

const [directory = '', timeout = '60000', manner] = process.argv.slice(2)
const say = (type: string, data: object = {}) => process.stdout.write(`${JSON.stringify({ type, ...data })}\n`)

let stops = manner === 'stopped'

function onStart(what: string) {
  say(what)
  if (stops) process.kill(process.pid, 'SIGSTOP')
  stops = false
}

try {
  const server = await startEmbedded({ directory, timeoutMs: Number(timeout), onStart })
  say('in', { connection: server.connection, dataDirectory: server.dataDirectory })
  if (manner !== 'idle') {
    for await (const order of createInterface(process.stdin)) {
      if (order !== 'release') continue
      await server.release()
      say('out')
      break
    }
  }
} catch (error) {
  say('error', { code: error instanceof Error && 'code' in error ? error.code : String(error) })
  process.exitCode = 1
}
