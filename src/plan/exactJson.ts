/** A number that JavaScript cannot hold as it is written: it would silently become another one. */
export class InexactNumberError extends Error {
  /** As it is written. */
  readonly source: string

  constructor(source: string) {
    super(`the number ${shortened(source)} would become ${Number(source)}`)
    this.source = source
  }
}

/** What a number can lose something by: more digits than a double holds, or an exponent. */
const SUSPECT = /[\d.]{16}|\d[eE][+-]?\d/

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

/**
 * As `JSON.parse`, but never with another number than is written. `-0` counts as 0.
 * @throws {SyntaxError} if it is no JSON.
 * @throws {InexactNumberError} with the first number that would change.
 */
export function parseExact(text: string): unknown {
  if (!SUSPECT.test(text)) return JSON.parse(text)
  const refuse: Reviver = (_key, value, { source }) => {
    if (typeof value === 'number' && source !== undefined && !isExact(source)) throw new InexactNumberError(source)
    return value
  }
  return JSON.parse(text, refuse as (key: string, value: unknown) => unknown)
}

/** As many digits tell any two doubles apart: a program that prints a double writes no more. */
const DIGITS_OF_A_DOUBLE = 17

/**
 * Whether JavaScript holds the number at `source`, of JSON or YAML: it shows the same digits or, for a fraction, those of the double that is meant
 * (`0.10000000000000001`).
 */
export function isExact(source: string): boolean {
  if (/^0[xo]/.test(source)) return Number.isSafeInteger(Number(source))
  const written = decimal(source)
  if (written === null) return true
  const value = Number(source)
  return written === decimal(String(value)) || (!Number.isInteger(value) && written === decimal(value.toPrecision(DIGITS_OF_A_DOUBLE)))
}

/** Digits and exponent without zeros that say nothing; `null` where it is no decimal number, such as `.inf`. */
function decimal(text: string): string | null {
  const [, whole, part = '', exponent = '0'] = /^[+-]?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  if (whole === undefined) return text === 'Infinity' || text === '-Infinity' ? text : null
  const digits = (whole + part).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${significant}e${BigInt(exponent) - BigInt(part.length) + BigInt(digits.length - significant.length)}`
}

const shortened = (source: string) => (source.length > 60 ? `${source.slice(0, 60)}…` : source)
