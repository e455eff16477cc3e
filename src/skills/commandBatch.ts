import type { Readable } from 'node:stream'
import { UnstorableResultError } from '../errors.ts'
import { bounded, exitClass, failed } from './commandExit.ts'
import { readResults, countProblem, writeItems } from './commandFormat.ts'
import type { CommandParts } from './commandSkill.ts'
import type { SkillContext, SkillReturn } from './skill.ts'

/** Mode `batch`: a program for each batch, which gets its items, writes their results and exits. */
export class BatchCommand {
  readonly #parts: CommandParts

  constructor(parts: CommandParts) {
    this.#parts = parts
  }

  /** What it has written is kept although it was aborted, if it has done well all the same. */
  async run(items: readonly unknown[], context: SkillContext): Promise<SkillReturn> {
    const { spec, start, maxResultBytes } = this.#parts
    const { signal } = context
    const input = writeItems(spec.stdin, items)
    const program = await start(
      context,
      bounded((line) => context.log(line, { stream: 'stderr' })),
    )
    const end = () => program.end()
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
    const output = collect(program.stdout, maxResultBytes, () => program.kill(tooMuch(maxResultBytes)))
    program.stdin.end(input)
    const exit = await program.gone
    signal.removeEventListener('abort', end)
    if (program.failure) throw program.failure
    if (exitClass(spec, exit) !== null) throw signal.aborted ? signal.reason : failed(spec, exit, 'while it ran this batch')
    const written = Buffer.concat(output)
    const returned = readResults(spec.stdout, written)
    const problem = countProblem(returned, items.length, written.toString())
    if (problem) throw problem
    return returned as SkillReturn
  }

  async close() {}
}

/** @returns what fills as it comes, and is all there when the stream has ended. No more than `maxBytes` of it are kept. */
function collect(stream: Readable, maxBytes: number, onTooMuch: () => void): Buffer[] {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
    else onTooMuch()
  })
  stream.on('error', () => {})
  return chunks
}

export const tooMuch = (maxBytes: number) =>
  new UnstorableResultError(`The command wrote more to its standard output than maxResultBytes, ${maxBytes} bytes, and was ended`)
