interface Part {
  from: number
  to: number
  ms: number
}

/** What is added may still overlap one of so many parts; what is older is over. */
const MAX_PARTS = 64

/** The length of a union of intervals, which come more or less in order. Instants in epoch ms. */
export class Intervals {
  /** No two of them overlap. */
  #parts: Part[] = []
  #olderMs = 0

  /** `ms`: how long it took, which a call says more exactly than the difference of two instants does. */
  add(from: number, ms: number) {
    const to = from + ms
    const last = this.#parts.at(-1)
    if (!last || last.to <= from) {
      this.#parts.push({ from, to, ms })
    } else {
      const overlaps = (p: Part) => p.from < to && from < p.to
      const joined = this.#parts.filter(overlaps)
      const first = Math.min(from, ...joined.map((p) => p.from))
      const end = Math.max(to, ...joined.map((p) => p.to))
      this.#parts = [...this.#parts.filter((p) => !overlaps(p)), { from: first, to: end, ms: joined.length === 0 ? ms : end - first }]
      this.#parts.sort((a, b) => a.from - b.from)
    }
    if (this.#parts.length > MAX_PARTS) this.#olderMs += this.#parts.shift()!.ms
  }

  get ms(): number {
    return this.#parts.reduce((sum, { ms }) => sum + ms, this.#olderMs)
  }

  /** Of what lies before an instant. */
  msBefore(instant: number): number {
    return this.#parts.reduce((sum, { from, to, ms }) => sum + (to <= instant ? ms : Math.max(0, instant - from)), this.#olderMs)
  }
}
