/**
 * What of a value JSON would lose or change in silence, in words that follow the value's name: `.tags is a Map`, `[2] is NaN`.
 *
 * Asked after the value was written: it holds no cycle. What has a `toJSON`, such as a Date, is judged by what that gives.
 * @returns `undefined` if nothing is. A property that is `undefined` counts as absent, and -0 is 0.
 */
export function lostInJson(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return lostScalar(value)
  const { toJSON } = value as { toJSON?: unknown }
  // JSON.stringify asks once, and writes what it gets as it is. Bytes have one too, and would be a list of numbers.
  return typeof toJSON === 'function' && !ArrayBuffer.isView(value) ? lostInWritten(value, toJSON.call(value, '')) : lostInside(value)
}

function lostInWritten(value: object, written: unknown): string | undefined {
  // The only date that is null.
  if (value instanceof Date && written === null) return ' is an invalid Date'
  if (typeof written === 'object' && written !== null) return lostInside(written)
  const lost = written === undefined ? ' is undefined' : lostScalar(written)
  return lost && ` is a ${nameOf(value)} whose toJSON${lost.replace(/^ is/, ' gives')}`
}

function lostInside(value: object): string | undefined {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner: unknown = value[i]
      const lost = inner === undefined ? ' is undefined' : lostInJson(inner)
      if (lost !== undefined) return `[${i}]${lost}`
    }
    return undefined
  }
  if (!isPlain(value)) {
    const boxed: unknown = value.valueOf()
    // A boxed number, text or boolean is written as what is in it.
    return typeof boxed === 'object' ? ` is a ${nameOf(value)}` : lostScalar(boxed)
  }
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key]
    // Most values are texts, and need no call.
    if (typeof inner === 'string' || inner === undefined || inner === null) continue
    const lost = lostInJson(inner)
    if (lost !== undefined) return `.${key}${lost}`
  }
  return undefined
}

function lostScalar(value: unknown): string | undefined {
  // NaN, Infinity and -Infinity would be null.
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : ` is ${value}`
  return typeof value === 'function' || typeof value === 'symbol' ? ` is a ${typeof value}` : undefined
}

const nameOf = (value: object) => value.constructor?.name ?? 'object of a class'

/** Also objects of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
