import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { environmentFor } from '../environment.ts'
import type { ProcessExit } from '../errors.ts'
import { nodeArguments } from './nodeArguments.ts'
import { outputLines } from './outputLines.ts'
import { signalGroup } from './processGroup.ts'
import { type BadMessage, readMessage, readResidentMb } from './fromProcess.ts'
import { Silence } from './silence.ts'
import { type FromProcess, type ToProcess, UNWATCHED, WATCHDOG_FD } from './protocol.ts'

export interface Exit extends ProcessExit {
  /** It used up its memory: what it held in MB, or `null` for V8's heap limit, with what the heap held, as far as V8 said. */
  memory: { residentMb: number | null; heapMb: number | null } | undefined
}

const OUTPUT_KEPT = 8_192
/** After its exit, what it wrote is still on its way; but what it started may hold its pipes open for ever, and may write to them for ever. */
const LAST_WORDS_MS = 250
/** More than pipes hold. */
const LAST_WORDS_MOST = 2 ** 21
/** A process for commands ends them before itself; one that does not in this time is killed. */
const LAST_ACTS_MS = 1_000
const ENTRY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './workerProcess.ts' : './workerProcess.js', import.meta.url))

/**
 * A process for one skill, in a process group of its own, so that a Ctrl-C meant for us does not reach it and what it starts ends with it.
 * Its output comes line by line; nothing of it goes to ours.
 */
export class SkillProcess {
  /** Resolves when the process is gone, never rejects. */
  readonly gone: Promise<Exit>
  readonly #child: ChildProcess
  readonly #forCommands: boolean
  /** Of the commands that run in it, by their leaders: what ends with it, should it be killed. */
  readonly #groups = new Set<number>()
  #ending = false
  /** It has heard that it is to end: until it has, what it writes is no sign that it does. */
  #obeys = false
  /** What is waited for at its end. */
  #silence: Silence | undefined
  #lastWords = 0
  #output = ''
  #heapFull = false
  #residentMb: number | undefined

  /** @param kind `memoryLimitMb`: watched there. Or `forCommands`: it runs our code alone, which starts groups of its own and watches them. `asked`: as `environmentFor`. */
  constructor(
    kind: { memoryLimitMb: number | null; forCommands: boolean; asked: readonly string[] },
    on: { message: (message: FromProcess | BadMessage) => void; line: (line: string, stream: 'stdout' | 'stderr') => void },
  ) {
    const given = process.env.NODE_COMPILE_CACHE
    const limitMb = kind.forCommands ? null : kind.memoryLimitMb
    const watched = kind.forCommands ? UNWATCHED : String(limitMb ?? 0)
    this.#forCommands = kind.forCommands
    this.#child = spawn(
      process.execPath,
      [...nodeArguments(process.execArgv, limitMb), ENTRY, watched, ...(given === undefined ? [] : [given])],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
        // Faster than JSON for large texts, and as fast for small ones.
        serialization: 'advanced',
        detached: process.platform !== 'win32',
        windowsHide: true,
        // Halves the time to the first result from sources. The directory is the one that Node takes by itself.
        env: { ...environmentFor(kind.asked), NODE_COMPILE_CACHE: given ?? join(tmpdir(), 'node-compile-cache') },
      },
    )
    this.#child.on('message', (sent: unknown) => {
      const message = readMessage(sent)
      // Only where no code but ours can say so: a function might name anybody's group.
      if (this.#forCommands && message.type === 'group') this.#noteGroup(message.leader, message.alive)
      else if (this.#ending && message.type === 'ending') this.#obey()
      else on.message(message)
    })
    outputLines(this.#child.stdout!, (line) => {
      this.#hear(line)
      on.line(line, 'stdout')
    })
    outputLines(this.#child.stderr!, (line) => {
      this.#hear(line)
      this.#keep(line)
      on.line(line, 'stderr')
    })
    outputLines(this.#child.stdio[WATCHDOG_FD] as Readable, (line) => (this.#residentMb = readResidentMb(line) ?? this.#residentMb))
    this.gone = this.#watch()
  }

  /** It has been told to end, or does. */
  get ending(): boolean {
    return this.#ending || !this.#child.connected
  }

  /** @throws if the message cannot be sent at all: then it is not. To a process that is gone it is lost. */
  send(message: ToProcess) {
    // Not sent because the process is gone: `gone` tells that.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** Asks the process to exit, and kills it when it does not obey within `graceMs`, or then writes nothing for so long and still has not. */
  async end(graceMs: number): Promise<void> {
    if (this.#ending) return void (await this.gone)
    this.#ending = true
    this.send({ type: 'end' })
    // In real time, whatever clock a run has: this waits for the system, not for the run.
    const silence = new Silence(graceMs, () => this.kill())
    this.#silence = silence
    await this.gone
    silence.stop()
  }

  kill() {
    this.#ending = true
    if (this.#exited) return
    if (!this.#forCommands) return this.#killGroup()
    // Killed from here it might leave a command that it has started in this moment, and not told us of.
    this.send({ type: 'kill' })
    const timer = setTimeout(() => this.#killGroup(), LAST_ACTS_MS)
    void this.gone.then(() => clearTimeout(timer))
  }

  #obey() {
    this.#obeys = !this.#exited
    this.#silence?.heard()
  }

  #hear(line: string) {
    if (this.#exited) this.#lastWords += line.length + 1
    if (this.#obeys || (this.#exited && this.#lastWords < LAST_WORDS_MOST)) this.#silence?.heard()
  }

  get #exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #noteGroup(leader: number, alive: boolean) {
    if (!alive) this.#groups.delete(leader)
    else if (this.#exited) signalGroup(leader, 'SIGKILL')
    else this.#groups.add(leader)
  }

  #killGroup() {
    if (!signalGroup(this.#child.pid!, 'SIGKILL')) this.#child.kill('SIGKILL')
    for (const leader of this.#groups) signalGroup(leader, 'SIGKILL')
    this.#groups.clear()
  }

  #watch(): Promise<Exit> {
    const child = this.#child
    return new Promise((resolve) => {
      const finish = (code: number | null, signal: string | null) => {
        this.#silence?.stop()
        for (const stream of child.stdio) stream?.destroy()
        resolve({ code, signal, output: this.#output, memory: this.#memory(code, signal) })
      }
      child.once('exit', (code, signal) => {
        this.#ending = true
        this.#killGroup()
        this.#obeys = false
        this.#silence?.stop()
        this.#silence = new Silence(LAST_WORDS_MS, () => finish(code, signal))
      })
      child.once('close', finish)
      child.on('error', (error) => {
        this.#keep(error.message)
        // It never started, and so never exits.
        if (child.pid === undefined) finish(null, null)
      })
    })
  }

  #memory(code: number | null, signal: string | null): Exit['memory'] {
    if (this.#residentMb !== undefined) return { residentMb: this.#residentMb, heapMb: null }
    // V8 aborts: SIGABRT, or a code of the system where there are no signals.
    return this.#heapFull && (signal !== null || (code !== 0 && code !== 1))
      ? { residentMb: null, heapMb: heapIn(this.#output) }
      : undefined
  }

  #keep(line: string) {
    if (line.includes('JavaScript heap out of memory')) this.#heapFull = true
    this.#output = `${this.#output}${line}\n`.slice(-OUTPUT_KEPT)
  }
}

/** What V8 says of the heap when it gives up: `Mark-Compact 198.9 (203.1) -> 198.4 (203.9) MB`, live and committed, before and after. The last one counts, MB. */
function heapIn(output: string): number | null {
  const last = [...output.matchAll(/-> [\d.]+ \(([\d.]+)\) MB/g)].at(-1)
  return last ? Math.ceil(Number(last[1])) : null
}
