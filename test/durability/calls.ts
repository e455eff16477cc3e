import { readFileSync, writeFileSync } from 'node:fs'

/** A line that the skill wrote: a call began, or came to its end. */
export interface Call {
  what: 'start' | 'end'
  /** Epoch ms. */
  at: number
  key: string
  scenario: string
  repetition: number
  batch: number
  attempt: number
  from: number
  to: number
  /** As JSON. */
  items: string
  pid: number
}

/** What a skill wrote so far, in order. Whoever was killed in mid-line has left a line that is none. */
export class Calls {
  readonly file: string

  constructor(file: string) {
    this.file = file
    writeFileSync(file, '')
  }

  all(): Call[] {
    const text = readFileSync(this.file, 'utf8')
    return text.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Call] : []))
  }

  starts(from = 0): Call[] {
    return this.all()
      .slice(from)
      .filter(({ what }) => what === 'start')
  }

  /** Calls of a batch in a repetition of a scenario, `SCENARIO/REPETITION/FROM`, and how often each was made. */
  counts(from = 0): Map<string, number> {
    const counts = new Map<string, number>()
    for (const call of this.starts(from)) counts.set(placeOf(call), (counts.get(placeOf(call)) ?? 0) + 1)
    return counts
  }

  /** Lets go of the calls that wait. */
  go() {
    writeFileSync(`${this.file}.go`, '')
  }

  /** From now on nothing fails. */
  heal() {
    writeFileSync(`${this.file}.heal`, '')
  }
}

export const placeOf = ({ scenario, repetition, from }: Pick<Call, 'scenario' | 'repetition' | 'from'>) =>
  `${scenario}/${repetition}/${from}`
