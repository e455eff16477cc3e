/** Escapes that jsonb may refuse: NUL, and surrogates, of which it takes pairs only. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i

/** @throws {SyntaxError} if it is no JSON. @throws {RangeError} if jsonb refuses it: there is a NUL or a lone surrogate in it. */
export function refuseUnstorable(json: string): void {
  if (!SUSPICIOUS.test(json) && json.isWellFormed()) return void JSON.parse(json)
  JSON.parse(json, (key, part: unknown) => {
    refuseText(key)
    if (typeof part === 'string') refuseText(part)
    return part
  })
}

function refuseText(text: string) {
  if (text.includes('\0')) throw new RangeError('\\u0000 cannot be stored')
  if (!text.isWellFormed()) throw new RangeError('half of a surrogate pair cannot be stored')
}

/** What JSON keeps of a value. */
export function jsonCopy<T extends object>(value: T): T {
  const copy: T = JSON.parse(JSON.stringify(value))
  return copy
}
