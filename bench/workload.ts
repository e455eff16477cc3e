/** The work of every contender: three scenarios of 10, 30 and 80 batches, 1 KB results, a barrier at 30 and 70 %. */
export const SCENARIOS = { simple: 10, medium: 30, complex: 80 } as const
export const BATCHES = 120
export const BARRIERS = [30, 70]

/** Ten results that make `bytes` of JSON. */
export function resultsOf(bytes: number): string[] {
  const quotesAndComma = 3
  return Array.from({ length: 10 }, () => 'x'.repeat(Math.floor(bytes / 10) - quotesAndComma))
}

/** What one run of a contender took. `batchMs`: of each batch, from its start to its durable end. */
export interface Timing {
  totalMs: number
  batchMs: number[]
}

export interface Contender {
  name: string
  /** Runs it `runs` times at once; resolves when every batch of every run is durable. */
  run(runs: number, bytes: number): Promise<Timing>
}

/** Waits at each barrier until all scenarios of a run have come. */
export function barrier(members: number): () => Promise<void> {
  let waiting: (() => void)[] = []
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length < members) return
      for (const release of waiting) release()
      waiting = []
    })
}
