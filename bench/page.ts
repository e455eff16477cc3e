import type { Row } from './contest.ts'

interface Figures {
  one: Row[]
  many: Row[]
  large: Row[]
  releaseP99Ms: number
  waitingMb: number
  addedUs: number
  resumeMs: number
  bareMs: number
  machine: string
  versions: string
}

const find = (rows: readonly Row[], name: string) => rows.find((row) => row.name === name)!

/** The results as a page: what was measured, beside what it is compared to, and each target with what was reached. */
export function resultsPage(f: Figures): string {
  const names = f.one.map(({ name }) => name)
  const table = names.map((name) => {
    const [one, many] = [find(f.one, name), find(f.many, name)]
    return `| ${name} | ${(one.totalMs / 1_000).toFixed(4)} | ${one.batchP50Ms.toFixed(3)} | ${Math.round(many.batchesPerSecond)} | ${Math.round(many.walPerBatch)} | ${many.transactionsPerBatch.toFixed(3)} |`
  })
  const us = { one: find(f.one, 'troupe'), many: find(f.many, 'troupe'), large: find(f.large, 'troupe') }
  const least = { one: find(f.one, 'floor'), large: find(f.large, 'floor') }
  const limit = find(f.many, 'grouped')
  const targets: [what: string, target: string, reached: string, met: boolean][] = [
    ['one run', '≤ 1.3 × floor', ratio(us.one.totalMs / least.one.totalMs), us.one.totalMs <= 1.3 * least.one.totalMs],
    ['p50 of a batch', '≤ 1.3 × floor', ratio(us.one.batchP50Ms / least.one.batchP50Ms), us.one.batchP50Ms <= 1.3 * least.one.batchP50Ms],
    [
      '100 runs at once',
      '≥ 0.6 × grouped, ≥ 20 000/s',
      `${ratio(us.many.batchesPerSecond / limit.batchesPerSecond)}, ${Math.round(us.many.batchesPerSecond)}/s`,
      us.many.batchesPerSecond >= Math.max(20_000, 0.6 * limit.batchesPerSecond),
    ],
    ['WAL per batch', '≤ 1 600 bytes', `${Math.round(us.many.walPerBatch)}`, us.many.walPerBatch <= 1_600],
    [
      'one run, 100 KB results',
      '≤ 1.1 × floor',
      ratio(us.large.totalMs / least.large.totalMs),
      us.large.totalMs <= 1.1 * least.large.totalMs,
    ],
    ['barrier release, p99', '≤ 5 ms', `${f.releaseP99Ms.toFixed(1)} ms`, f.releaseP99Ms <= 5],
    ['10 000 waiting scenarios', '≤ 1 GB', `${Math.round(f.waitingMb)} MB`, f.waitingMb <= 1_024],
    ['breaker, retry and time-out, added to a call', '≤ 20 µs', `${f.addedUs.toFixed(1)} µs`, f.addedUs <= 20],
    [
      'start after a kill to the first batch',
      '≤ 250 ms',
      `${Math.round(f.resumeMs)} ms (a bare script: ${Math.round(f.bareMs)})`,
      f.resumeMs <= 250,
    ],
  ]
  return `# Benchmark

Made by \`npm run bench\`: one machine, one server, one run, the contenders in turn, medians. Only the ratios travel.

- machine: ${f.machine}
- versions: ${f.versions}
- work: runs of three scenarios with 10, 30 and 80 batches, a no-op skill in the process with results of 1 KB, each batch durable before its scenario's next, barriers at 30 and 70 %
- floor: a bare INSERT of the result per batch. grouped: one multi-row INSERT for all that arrived during the previous commit. Both by hand, without actors, snapshots, events or fencing.

| | one run, s | p50 of a batch, ms | 100 runs at once, batches/s | WAL per batch, bytes | transactions per batch |
|---|---|---|---|---|---|
${table.join('\n')}

| what | target | reached | |
|---|---|---|---|
${targets.map(([what, target, reached, met]) => `| ${what} | ${target} | ${reached} | ${met ? 'met' : 'missed'} |`).join('\n')}
`
}

const ratio = (value: number) => `${value.toFixed(2)} ×`
