import { similarity } from './similarity.ts'

/** A row of places.csv. Rows with the same `place` are the same town. */
export interface Place {
  row: string
  place: string
  name: string
  country: string
}

/** What we use of the second argument of a skill. */
export interface Context {
  items(): AsyncIterable<Place>
}

export interface Found {
  name: string
  duplicates: { row: number; name: string; score: number }[]
}

const ALIKE = 0.8

/**
 * Looks for other spellings of the batch's places among all places of the scenario.
 *
 * @param candidates Which places of the batch, by index, are worth a comparison with another one. This is where the variants differ.
 * @returns as a skill does: a result per place, and what they are worth against the truth, as means over the places. `accuracy`: exactly its
 *   duplicates were found. `missed`, `wrong`: duplicates that were not found, and rows that are none.
 */
export async function search(places: readonly Place[], context: Context, candidates: (other: Place) => Iterable<number>) {
  const results: Found[] = places.map(({ name }) => ({ name, duplicates: [] }))
  const missed = places.map(() => 0)
  const wrong = places.map(() => 0)
  for await (const other of context.items()) {
    for (const [index, { row, place }] of places.entries()) if (isDuplicate(place, row, other)) missed[index]! += 1
    for (const index of candidates(other)) {
      const { row, place, name } = places[index]!
      if (other.row === row) continue
      const score = similarity(name, other.name)
      if (score < ALIKE) continue
      results[index]!.duplicates.push({ row: Number(other.row), name: other.name, score: Math.round(score * 1000) / 1000 })
      if (isDuplicate(place, row, other)) missed[index]! -= 1
      else wrong[index]! += 1
    }
  }
  const right = places.filter((_, index) => missed[index] === 0 && wrong[index] === 0).length
  const mean = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0) / places.length
  return { results, quality: { accuracy: right / places.length, missed: mean(missed), wrong: mean(wrong) } }
}

const isDuplicate = (place: string, row: string, other: Place) => other.place === place && other.row !== row
