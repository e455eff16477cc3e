import { statSync } from 'node:fs'
import { execa } from 'execa'
import { MAX_TIMER_MS } from '../clock.ts'
import { type ProcessExit, SkillLoadError } from '../errors.ts'
import type { RenderedCommand } from './commandTemplate.ts'
import { ownedGroups } from './endGroup.ts'
import { textField } from './errorChain.ts'
import { messageOf, TransientError } from './errorClass.ts'
import { outputLines } from './outputLines.ts'
import { signalGroup } from './processGroup.ts'
import type { FromProcess } from './protocol.ts'

const ERRORS_KEPT = 8_192
/** After its exit, what it wrote is still on its way; but what has left its group may hold its pipes open for ever. */
const LAST_WORDS_MS = 250

/**
 * A command, started in a process group of its own, so that all of it can be ended and nothing else. The host knows its group as long as it is there,
 * and so does `endGroup`.
 *
 * @param onError Gets its standard error line by line.
 * @throws {SkillLoadError} if there is no such program, or the system refuses to start it.
 */
export async function startProgram(rendered: RenderedCommand, graceMs: number, onError: (line: string) => void): Promise<Program> {
  const [file, ...given] = [rendered.command].flat()
  if ([file!, ...given, ...Object.values(rendered.env)].some((text) => text.includes('\u0000'))) {
    // Refused here: the error that it would be shows the text.
    throw new SkillLoadError('The command cannot be started: one of its arguments or variables holds U+0000', {
      hint: 'Correct params in the plan',
    })
  }
  const started = execa(file!, given, {
    cwd: rendered.cwd,
    env: rendered.env,
    shell: typeof rendered.command === 'string',
    buffer: false,
    reject: false,
    // A group of its own, which execa ends too, should this process exit; on Windows all that descends from it.
    killDescendants: true,
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
  })
  const child = started.nodeChildProcess
  if (child.pid === undefined) throw refusal(rendered, (await started).cause)
  return new Program(started, child.pid, graceMs, onError)
}

type Started = ReturnType<typeof execa<{ buffer: false; reject: false }>>

export class Program {
  /** Resolves when it has exited, the rest of its group was killed, and its output is read. */
  readonly gone: Promise<ProcessExit>
  readonly stdin: Started['stdin']
  readonly stdout: Started['stdout']
  /** Why we killed it, where that is what its batches failed with. */
  failure: unknown
  /** It has been told to end, or has. */
  ending = false
  readonly #started: Started
  readonly #leader: number
  readonly #graceMs: number
  #exited = false
  #errors = ''

  constructor(started: Started, leader: number, graceMs: number, onError: (line: string) => void) {
    this.#started = started
    this.#leader = leader
    this.#graceMs = graceMs
    this.stdin = started.stdin
    this.stdout = started.stdout
    noteGroup(leader, true)
    // It may close its input before it has read all: that is its own affair.
    this.stdin.on('error', () => {})
    outputLines(started.stderr, (line) => {
      this.#errors = `${this.#errors}${line}\n`.slice(-ERRORS_KEPT)
      onError(line)
    })
    this.gone = this.#watch()
  }

  /** SIGTERM to all of it; SIGKILL after the grace. */
  end() {
    if (this.ending) return
    this.ending = true
    signalGroup(this.#leader, 'SIGTERM')
    this.#killLater()
  }

  /** Closes its input, which ends a program that reads to the end; SIGKILL after the grace. */
  async finish(): Promise<void> {
    this.ending = true
    this.stdin.end()
    this.#killLater()
    await this.gone
  }

  kill(failure?: unknown) {
    this.ending = true
    this.failure ??= failure
    // Then its group was killed, and another may have its number.
    if (this.#exited) return
    if (process.platform === 'win32') this.#started.kill('SIGKILL')
    else signalGroup(this.#leader, 'SIGKILL')
  }

  #killLater() {
    const timer = setTimeout(() => this.kill(), Math.min(this.#graceMs, MAX_TIMER_MS))
    void this.gone.then(() => clearTimeout(timer))
  }

  #watch(): Promise<ProcessExit> {
    const child = this.#started.nodeChildProcess
    const { promise, resolve } = Promise.withResolvers<ProcessExit>()
    let last: NodeJS.Timeout | undefined
    child.once('exit', () => {
      this.#exited = true
      this.ending = true
      signalGroup(this.#leader, 'SIGKILL')
      noteGroup(this.#leader, false)
      last = setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), LAST_WORDS_MS)
    })
    child.once('close', (code, signal) => {
      clearTimeout(last)
      resolve({ code, signal, output: this.#errors })
    })
    return promise
  }
}

function noteGroup(leader: number, alive: boolean) {
  if (alive) ownedGroups.add(leader)
  else ownedGroups.delete(leader)
  const message: FromProcess = { type: 'group', leader, alive }
  // Not sent because the host is gone: then this process ends, with all groups it owns.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

const TRANSIENT = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY']

function refusal({ command, cwd }: RenderedCommand, cause: unknown): Error {
  const code = textField(cause, 'code')
  if (TRANSIENT.includes(code)) {
    return new TransientError(`The command could not be started: ${messageOf(cause)}`, { cause })
  }
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return new SkillLoadError(`The command cannot be started: there is no directory ${cwd}`, { cause, hint: 'Correct cwd in the plan' })
  }
  const program = typeof command === 'string' ? 'the shell' : JSON.stringify(command[0])
  if (code === 'ENOENT') {
    return new SkillLoadError(`The command cannot be started: there is no program ${program}`, {
      cause,
      hint: 'Give the path of the program, relative to cwd and with a slash in it (./score.sh), or the name of one that is on PATH',
    })
  }
  // Not the message: it may hold arguments and variables, and what is secret in them.
  const why = code === 'EACCES' ? `${program} may not be executed` : `the system refuses ${program} (${code})`
  return new SkillLoadError(`The command cannot be started: ${why}`, {
    hint: code === 'EACCES' ? 'Make it executable: chmod +x' : 'See that its arguments and variables are not too long',
  })
}
