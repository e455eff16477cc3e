import { openTroupe } from '../src/troupe.ts'
import { troupeContender } from './ours.ts'
const troupe = await openTroupe({ database: process.env.URL })
const c = troupeContender(troupe)
await c.run(100, 1000)
const c0 = process.cpuUsage()
for (let i = 0; i < 20; i++) { const t = await c.run(100, 1000); console.log(t.totalMs.toFixed(0), (12000/t.totalMs*1000).toFixed(0)) }
const u = process.cpuUsage(c0); console.log('node µs/batch', ((u.user + u.system) / 240000).toFixed(1))
console.log("closing"); await troupe.close(); console.log("closed", process.getActiveResourcesInfo())
setTimeout(() => { console.log(process.getActiveResourcesInfo(), (process as any)._getActiveHandles().map((h: any) => [h.constructor.name, h.remotePort, h._events && Object.keys(h._events).join()])) }, 3000).unref()
