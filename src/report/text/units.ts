/** For what is not known: never 0. */
export const NOTHING = '–'

const SMALL = [
  { unit: 'µs', ms: 0.001 },
  { unit: 'ms', ms: 1 },
  { unit: 's', ms: 1000 },
] as const

const LARGE = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** `12.3 µs`, `1.2 ms`, `3.4 s`, `2 min 5 s`, `1 h 12 min`. */
export function duration(ms: number | null): string {
  if (ms === null) return NOTHING
  if (ms <= 0) return '0 s'
  const seconds = Math.round(ms / 1000)
  if (seconds >= 60) return twoUnits(seconds)
  for (const { unit, ms: size } of SMALL) {
    const value = decimal(ms / size)
    if (unit === 's' || Number(value) < 1000) return Number(value) === 0 ? `<0.1 ${unit}` : `${value} ${unit}`
  }
  return NOTHING
}

/** One decimal below 100, none from there on. */
export function decimal(value: number | null): string {
  if (value === null) return NOTHING
  return Number(value.toFixed(1)) < 100 ? value.toFixed(1) : value.toFixed(0)
}

/** So many a second: small ones keep two digits that say something. */
export const rate = (value: number | null): string => (value !== null && value > 0 && value < 0.1 ? value.toPrecision(2) : decimal(value))

/** A quality: three digits behind the point. */
export const score = (value: number | null): string => (value === null ? NOTHING : value.toFixed(3))

export const percent = (ratio: number | null): string => (ratio === null ? NOTHING : `${Number((ratio * 100).toPrecision(3))} %`)

function twoUnits(seconds: number): string {
  const first = LARGE.findIndex(([, size]) => seconds >= size)
  const [unit, size] = LARGE[first]!
  const [nextUnit, nextSize] = LARGE[first + 1]!
  const rest = Math.floor((seconds % size) / nextSize)
  return rest === 0 ? `${Math.floor(seconds / size)} ${unit}` : `${Math.floor(seconds / size)} ${unit} ${rest} ${nextUnit}`
}
