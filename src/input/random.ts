const KEY_PARITY = 0x1bd11bda
const TWO_32 = 2 ** 32
const TWO_26 = 2 ** 26
const TWO_MINUS_53 = 2 ** -53

/** Uniform in [0, 1) with 53 bits: the same for the same index and attempt, in any order. */
export type RandomAt = (index: number, attempt: number) => number

/**
 * Random numbers by index instead of by turn, so that any of them is at hand without those before it.
 *
 * @param seed Any safe integer; every one gives its own sequence. Indexes are safe integers ≥ 0, attempts are in 0..2047.
 */
export function randomBySeed(seed: number): RandomAt {
  const low = seed | 0
  const high = Math.floor(seed / TWO_32) | 0
  return (index, attempt) => threefry(low, high, index | 0, (index / TWO_32) | (attempt << 21))
}

/**
 * Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a keyed hash of a counter
 * that passes BigCrush. Its two words of output become one number: 27 bits of the first, 26 of the second.
 */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): number {
  let [k0, k1, k2] = [key0, key1, KEY_PARITY ^ key0 ^ key1]
  let a = (counter0 + k0) | 0
  let b = (counter1 + k1) | 0
  for (let injection = 1; injection <= 5; injection++) {
    const odd = (injection & 1) === 1
    a = (a + b) | 0
    b = rotate(b, odd ? 13 : 17) ^ a
    a = (a + b) | 0
    b = rotate(b, odd ? 15 : 29) ^ a
    a = (a + b) | 0
    b = rotate(b, odd ? 26 : 16) ^ a
    a = (a + b) | 0
    b = rotate(b, odd ? 6 : 24) ^ a
    a = (a + k1) | 0
    b = (b + k2 + injection) | 0
    const used = k0
    k0 = k1
    k1 = k2
    k2 = used
  }
  return ((a >>> 5) * TWO_26 + (b >>> 6)) * TWO_MINUS_53
}

const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits))
