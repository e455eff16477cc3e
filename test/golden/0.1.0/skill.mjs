// The skill of the run that version 0.1.0 began. It notes each call beside itself; until `go` is there it holds and fails some.
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const beside = (name) => new URL(name, import.meta.url)

export default async function skill(items, { variant, scenario, idempotencyKey, attempt, signal }) {
  const [from, to] = /(\d+)-(\d+)$/.exec(idempotencyKey).slice(1).map(Number)
  appendFileSync(beside('calls.jsonl'), `${JSON.stringify({ variant, scenario, from, to, attempt, key: idempotencyKey })}\n`)
  const isHealthy = existsSync(beside('go'))
  if (variant === 'shaky' && from >= 10 && !isHealthy) throw Object.assign(new Error(`The service is down at ${from}`), { class: 'critical' })
  if (variant === 'steady' && scenario === 'medium') {
    if (from === 5 && attempt === 1) throw Object.assign(new Error('Busy'), { class: 'transient' })
    while (from >= 30 && !existsSync(beside('go'))) await delay(5, undefined, { signal })
  }
  return { results: items.map((_item, i) => ({ item: from + i })), quality: { accuracy: 0.75 } }
}
