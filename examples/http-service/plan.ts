import { definePlan } from '../../src/index.ts'

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
  // The service may be busy for a while; what it has given before it gives again for nothing.
  retry: { attempts: 8, backoffMs: 20 },
  // One after the other: three at once would wait for each other in the service.
  order: 'serial',
})
