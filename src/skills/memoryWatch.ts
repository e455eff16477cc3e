import { groupMemoryMb } from './groupMemory.ts'

const SAMPLE_MS = 100
/** A look takes time of its own, which grows with the processes of the machine: at most a twentieth of all. */
const REST = 20

/** Looks at the memory of process groups, as long as there are any, and says when they hold more than they may. */
export class MemoryWatch {
  /** The most that was seen, MB. */
  peakMb: number | null = null
  readonly #groups: ReadonlySet<number>
  readonly #limitMb: number
  readonly #onExceeded: (residentMb: number) => void
  #timer: NodeJS.Timeout | undefined

  /** @param groups Of this moment, whenever it is looked at. */
  constructor(groups: ReadonlySet<number>, limitMb: number, onExceeded: (residentMb: number) => void) {
    this.#groups = groups
    this.#limitMb = limitMb
    this.#onExceeded = onExceeded
  }

  /** There is a group, perhaps the first. */
  start() {
    if (this.#timer === undefined) this.#later(SAMPLE_MS)
  }

  async #look() {
    const began = performance.now()
    const residentMb = await groupMemoryMb(this.#groups).catch(() => null)
    if (residentMb !== null && residentMb > 0) this.peakMb = Math.max(this.peakMb ?? 0, residentMb)
    if (residentMb !== null && residentMb > this.#limitMb) this.#onExceeded(Math.ceil(residentMb))
    if (this.#groups.size > 0) this.#later(Math.max(SAMPLE_MS, (performance.now() - began) * REST))
    else this.#timer = undefined
  }

  #later(delayMs: number) {
    this.#timer = setTimeout(() => void this.#look(), delayMs)
  }
}
