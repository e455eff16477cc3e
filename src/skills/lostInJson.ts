/**
 * What of a value JSON would lose in silence, in words that follow the value's name: `.tags is a Map`, `[2] is a function`.
 *
 * Asked after the value was written: it holds no cycle. What has a `toJSON`, such as a Date, is written as it says.
 * @returns `undefined` if nothing is. A property that is `undefined` counts as absent, and NaN is null, as in all JSON.
 */
export function lostInJson(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? ` is a ${typeof value}` : undefined
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const lost = lostInJson(value[i])
      if (lost !== undefined) return `[${i}]${lost}`
    }
    return undefined
  }
  if (!isPlain(value)) {
    const bytes = ArrayBuffer.isView(value)
    if (!bytes && typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined
    // A boxed number, text or boolean is written as what is in it.
    if (typeof value.valueOf() === 'object') return ` is a ${value.constructor?.name ?? 'object of a class'}`
    return undefined
  }
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key]
    // Most values are neither, and need no call.
    if ((typeof inner === 'object' && inner !== null) || typeof inner === 'function' || typeof inner === 'symbol') {
      const lost = lostInJson(inner)
      if (lost !== undefined) return `.${key}${lost}`
    }
  }
  return undefined
}

/** Also objects of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
