import type { ChaosPlan } from './model.ts'

/** In a line: `of all calls 30 % fail (transient), 5 % never answer; 10 to 50 ms latency; in all scenarios; seed 1`. */
export function chaosText({ seed, failRate, failClass, latencyMs, hangRate, crashRate, scenarios }: ChaosPlan): string {
  const [least, most] = latencyMs
  const faults = [
    ...share(failRate, `fail (${failClass})`),
    ...share(hangRate, 'never answer'),
    ...share(crashRate, 'lose their process or connection'),
  ]
  return [
    faults.length === 0 ? 'no call fails' : `of all calls ${faults.join(', ')}`,
    ...(most === 0 ? [] : [`${least === most ? most : `${least} to ${most}`} ms latency`]),
    scenarios === null ? 'in all scenarios' : `in ${scenarios.join(', ')}`,
    `seed ${seed}`,
  ].join('; ')
}

const share = (rate: number, what: string) => (rate === 0 ? [] : [`${Number((rate * 100).toPrecision(3))} % ${what}`])
