const DIGITS = /\d{16}|[eE]\+?\d{2}/

/**
 * Parses JSON, and refuses a number that JavaScript cannot hold as it is written.
 *
 * @throws {SyntaxError} if it is no JSON.
 * @throws {RangeError} where the number that would be read is another one: a whole number beyond 2⁵³, or one too large for any.
 */
export function parseExactly(text: string): unknown {
  // Most texts have no number that is long enough.
  if (!DIGITS.test(text)) return JSON.parse(text)
  return JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) => {
    if (typeof value === 'number' && source !== undefined && !isExact(value, source)) {
      throw new RangeError(`the number ${source.slice(0, 40)} cannot be read without changing it; let it be written as a text`)
    }
    return value
  }) as (key: string, value: unknown) => unknown)
}

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false
  return !/^-?\d+$/.test(source) || Number.isSafeInteger(value) || BigInt(source) === BigInt(value)
}
