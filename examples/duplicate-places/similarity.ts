/** How alike two names are, from 0 to 1: 1 − the edit distance of Levenshtein over the length of the longer one, without accents and signs. */
export function similarity(a: string, b: string): number {
  const [one, other] = [folded(a), folded(b)]
  return 1 - distance(one, other) / Math.max(one.length, other.length, 1)
}

/** Lower case, no accents, words apart by single spaces: `Saint-Étienne` is `saint etienne`. */
export const folded = (name: string) =>
  name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
