import { search, type Context, type Place } from './search.ts'
import { folded } from './similarity.ts'

/** Compares only places that share the first three letters of some longer word. */
export default (places: Place[], context: Context) => {
  const byKey = new Map<string, number[]>()
  for (const [index, { name }] of places.entries()) {
    for (const key of keysOf(name)) byKey.set(key, [...(byKey.get(key) ?? []), index])
  }
  return search(places, context, ({ name }) => new Set(keysOf(name).flatMap((key) => byKey.get(key) ?? [])))
}

function keysOf(name: string): string[] {
  const words = folded(name).split(' ')
  const long = words.filter((word) => word.length > 3)
  return (long.length > 0 ? long : words).map((word) => word.slice(0, 3))
}
