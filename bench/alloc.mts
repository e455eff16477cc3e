import { Session } from 'node:inspector/promises'
import { openTroupe } from '../src/troupe.ts'
import { troupeContender } from './ours.ts'
const troupe = await openTroupe({ database: process.env.URL })
const c = troupeContender(troupe)
await c.run(100, 1000)
const s = new Session(); s.connect()
await s.post('HeapProfiler.startSampling', { samplingInterval: 16384, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true } as never)
await c.run(100, 1000); await c.run(100, 1000)
const { profile } = await s.post('HeapProfiler.stopSampling') as any
const by = new Map<string, number>(); const incl = new Map<string, number>(); let tot = 0
function walk(n: any, stack: Set<string>): number { const k = n.callFrame.functionName + ' ' + n.callFrame.url.split('/').pop() + ':' + n.callFrame.lineNumber; by.set(k, (by.get(k) ?? 0) + n.selfSize); tot += n.selfSize
  let sum = n.selfSize; const isNew = !stack.has(k); if (isNew) stack.add(k); for (const ch of n.children) sum += walk(ch, stack); if (isNew) { stack.delete(k); incl.set(k, (incl.get(k) ?? 0) + sum) } return sum }
walk(profile.head, new Set())
console.log('per batch KB', (tot / 24000 / 1024).toFixed(1))
for (const [k, v] of [...by].sort((a, b) => b[1] - a[1]).slice(0, 30)) console.log((v / 24000 / 1024).toFixed(2), 'KB', k)
console.log('--- inclusive'); for (const [k, v] of [...incl].sort((a, b) => b[1] - a[1]).slice(0, 40)) console.log((v / 24000 / 1024).toFixed(2), 'KB', k)
await troupe.close()
