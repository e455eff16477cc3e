import { type ProcessExit, ResultShapeError, SkillInterruptedError } from '../errors.ts'
import { readAnswer } from './commandAnswer.ts'
import { tooMuch } from './commandBatch.ts'
import { bounded, exitClass, failed } from './commandExit.ts'
import { asJson, decode, countProblem } from './commandFormat.ts'
import type { Program } from './commandProgram.ts'
import type { CommandParts } from './commandSkill.ts'
import { readLines } from './lineBuffer.ts'
import type { SkillContext, SkillReturn } from './skill.ts'

interface Waiting {
  items: number
  context: SkillContext
  resolve(returned: SkillReturn): void
  reject(error: unknown): void
}

/** A program that stays, from its start to its end: a line for each batch, and a line for each answer. */
export class Conversation {
  /** Resolves when the program has ended, and every batch it had has heard of it. */
  readonly gone: Promise<void>
  readonly #program: Program
  readonly #spec: CommandParts['spec']
  /** In the order of their requests. */
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  /** One of its batches has ended it: the others are not to blame. */
  #broken = false
  /** It was told to end, as there are no more batches. */
  #finished = false
  /** Who hears of its standard error: the batch that waits longest, or the last that did. */
  #listener: SkillContext
  #write: (line: string) => void

  /** @throws {SkillLoadError} if the program cannot be started. */
  static async begin(parts: CommandParts, context: SkillContext): Promise<Conversation> {
    let conversation: Conversation | undefined
    // It is there before the first line can be.
    const program = await parts.start(context, (line) => conversation && conversation.#log(line))
    conversation = new Conversation(program, parts, context)
    return conversation
  }

  private constructor(program: Program, { spec, maxResultBytes }: CommandParts, context: SkillContext) {
    this.#program = program
    this.#spec = spec
    this.#listener = context
    this.#write = writer(context)
    readLines(program.stdout, maxResultBytes, {
      line: (line) => this.#receive(line),
      tooLong: () => this.#replace(tooMuch(maxResultBytes)),
    })
    this.gone = program.gone.then((exit) => this.#settle(exit))
  }

  /** No more batches: it has ended, or is about to. */
  get ending(): boolean {
    return this.#program.ending
  }

  /**
   * Hands over a batch. When its signal is aborted the program is ended; what it has answered until then counts.
   *
   * @throws {SkillInterruptedError} if the program had to be ended for another batch.
   * @throws {CommandFailedError} if it ended by itself, whatever the error was that it answered with, or what is wrong with its answer.
   */
  ask(items: readonly unknown[], context: SkillContext): Promise<SkillReturn> {
    context.signal.throwIfAborted()
    const id = this.#nextId++
    const request = asJson(requestOf(id, items, context), 'The batch')
    const { promise, resolve, reject } = Promise.withResolvers<SkillReturn>()
    const { signal } = context
    const end = () => {
      this.#broken = true
      this.#program.end()
    }
    signal.addEventListener('abort', end, { once: true })
    this.#waiting.set(id, { items: items.length, context, resolve, reject })
    this.#program.stdin.write(`${request}\n`)
    return promise.finally(() => signal.removeEventListener('abort', end))
  }

  finish(): Promise<void> {
    this.#finished = true
    return this.#program.finish()
  }

  #receive(line: Buffer) {
    try {
      const text = decode(line)
      if (text.trim() === '') return
      const { id, outcome } = readAnswer(text)
      const waiting = this.#take(id)
      if (!waiting)
        throw new ResultShapeError(
          `The command answered ${id === undefined ? 'without having been asked' : `id ${id}, which is no batch it has`}`,
        )
      if ('error' in outcome) waiting.reject(outcome.error)
      else {
        const problem = countProblem(outcome.returned, waiting.items, text)
        if (problem) waiting.reject(problem)
        else waiting.resolve(outcome.returned)
      }
    } catch (error) {
      this.#replace(error)
    }
  }

  #take(id: number | undefined): Waiting | undefined {
    const key = id ?? this.#waiting.keys().next().value
    const waiting = key === undefined ? undefined : this.#waiting.get(key)
    if (key !== undefined) this.#waiting.delete(key)
    return waiting
  }

  /** Nothing that it says can be trusted any more. Somebody's answer is lost: most likely that of who waits longest. */
  #replace(error: unknown) {
    this.#broken = true
    const oldest = this.#take(undefined)
    if (oldest) oldest.reject(error)
    else this.#log(String(error))
    this.#program.kill()
  }

  #settle(exit: ProcessExit) {
    const together = this.#waiting.size
    const isDone = this.#finished && exitClass(this.#spec, exit) === null
    if (together === 0 && !isDone && !this.#broken && !this.#program.failure)
      this.#log(failed(this.#spec, exit, 'between two batches').message)
    for (const { context, reject } of this.#waiting.values()) reject(this.#reasonOf(exit, context.signal, together))
    this.#waiting.clear()
  }

  #reasonOf(exit: ProcessExit, signal: AbortSignal, together: number): unknown {
    if (this.#program.failure) return this.#program.failure
    if (signal.aborted) return signal.reason
    if (this.#broken) return new SkillInterruptedError('The batch lost its command, which had to be ended for another one')
    return failed(this.#spec, exit, together === 1 ? 'while it ran this batch' : `while it ran ${together} batches, this one among them`)
  }

  #log(line: string) {
    const [oldest] = this.#waiting.values()
    if (oldest && oldest.context !== this.#listener) {
      this.#listener = oldest.context
      this.#write = writer(oldest.context)
    }
    this.#write(line)
  }
}

const writer = (context: SkillContext) => bounded((line) => context.log(line, { stream: 'stderr' }))

function requestOf(id: number, items: readonly unknown[], context: SkillContext) {
  const { params, size, run, variant, scenario, repetition, batch, attempt, idempotencyKey } = context
  const itemKeys = items.map((_, i) => context.itemKey(i))
  return { id, items, params, size, run, variant, scenario, repetition, batch, attempt, idempotencyKey, itemKeys }
}
