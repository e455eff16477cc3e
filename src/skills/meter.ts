import { readFileSync } from 'node:fs'
import type { SkillTiming } from './skill.ts'

/** Measures calls where they run, in a process that does nothing else. */
export class Meter {
  readonly #running = new Set<Measured>()
  readonly #peak = new MemoryPeak()

  start(): Measured {
    return new Measured(this.#running, this.#peak)
  }
}

class Measured {
  /** No other call ran at any moment of this one, so that the process's CPU time is its own. */
  alone: boolean
  readonly #running: Set<Measured>
  readonly #peak: MemoryPeak
  readonly #cpu = process.cpuUsage()
  readonly #start = performance.now()
  #activeMs = 0
  #cpuMs = 0

  constructor(running: Set<Measured>, peak: MemoryPeak) {
    this.#running = running
    this.#peak = peak
    this.alone = running.size === 0
    for (const other of running) other.alone = false
    running.add(this)
  }

  /** The skill is done; what follows is ours. The first call counts. */
  stop() {
    if (!this.#running.delete(this)) return
    this.#activeMs = performance.now() - this.#start
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#cpuMs = (user + system) / 1000
  }

  timing(): SkillTiming {
    const startedAt = performance.timeOrigin + this.#start
    return { startedAt, activeMs: this.#activeMs, cpuMs: this.alone ? this.#cpuMs : null, memoryPeakMb: this.#peak.mb }
  }
}

/** The most memory that this process ever had resident, MB. */
class MemoryPeak {
  #peakMb = 0
  #readAt = -Infinity

  get mb(): number {
    // The peak only grows, and reading it takes as long as a small call.
    if (performance.now() - this.#readAt > 20) {
      this.#peakMb = readPeakKb() / 1024
      this.#readAt = performance.now()
    }
    return this.#peakMb
  }
}

function readPeakKb(): number {
  // On Linux the peak that getrusage knows begins with that of the process which started us.
  const peak = process.platform === 'linux' ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) : null
  return peak ? Number(peak[1]) : process.resourceUsage().maxRSS
}
