import { setTimeout } from 'node:timers/promises'

interface Context {
  params: { text: string }
  signal: AbortSignal
}

/** Engraves one plate per item. Slow, as machines are. */
export default async function engrave(plates: unknown[], { params, signal }: Context) {
  const engraved: { text: string; by: number }[] = []
  for (let plate = 0; plate < plates.length; plate++) {
    await setTimeout(40, undefined, { signal })
    engraved.push({ text: params.text, by: process.pid })
  }
  return engraved
}
