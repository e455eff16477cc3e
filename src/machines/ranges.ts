import type { Range } from './scenarioState.ts'

/** `a` and `b` together, ascending, neighbours joined. They have no item in common. */
export function union(a: readonly Range[], b: readonly Range[]): Range[] {
  const joined: Range[] = []
  for (const [from, to] of [...a, ...b].sort((x, y) => x[0] - y[0])) {
    const last = joined.at(-1)
    if (last?.[1] === from) last[1] = to
    else joined.push([from, to])
  }
  return joined
}

/** `a` without the items of `b`. */
export function without(a: readonly Range[], b: readonly Range[]): Range[] {
  return b.reduce<Range[]>(
    (left, [from, to]) =>
      left.flatMap(([start, end]): Range[] => {
        if (to <= start || end <= from) return [[start, end]]
        const parts: Range[] = [
          [start, from],
          [to, end],
        ]
        return parts.filter(([first, last]) => first < last)
      }),
    [...a],
  )
}

/** Whether every item of `part` is one of `whole`, which is joined. */
export const within = (part: readonly Range[], whole: readonly Range[]) =>
  part.every(([from, to]) => whole.some(([start, end]) => start <= from && to <= end))
