import { definePlan } from 'troupe'

export default definePlan({
  name: 'http-service',
  skill: {
    kind: 'http',
    url: '${env:SCORES_URL}/score',
    mode: 'item',
    // As many as the service works on at once: more would wait there, and count as its time.
    concurrency: 4,
    result: '${body.score}',
  },
  baseSize: 40,
  // More attempts than it takes to open the breaker: a batch that meets an outage waits behind it, and is not lost.
  retry: { attempts: 8, backoffMs: 20 },
  breaker: { cooldownMs: 1_000 },
  // One after the other: three at once would wait for each other in the service.
  order: 'serial',
})
