import { SkillClosedError } from '../errors.ts'

/** What takes a process from the supply: one scenario's skill. */
export interface Tenant {
  /** Ends its process, if it has one. Resolves when that is gone, never rejects. */
  evict(): Promise<void>
}

interface Waiter {
  tenant: Tenant
  signal: AbortSignal
  onAbort: () => void
  resolve(): void
  reject(reason: unknown): void
}

/**
 * The supply of processes, one for all runs of a host: at most `max` tenants have one at a time. Who waits gets his turn in the order of arrival;
 * for him the process of a tenant that rests is ended. A tenant that never rests is never disturbed.
 */
export class Workers {
  readonly max: number
  readonly #holders = new Set<Tenant>()
  /** In the order in which they came to rest. */
  readonly #resting = new Set<Tenant>()
  /** Holders whose process is being ended. */
  readonly #leaving = new Set<Tenant>()
  readonly #queue: Waiter[] = []
  #closed = false

  /** @param options `max`: processes at once, at least 1. */
  constructor(options: { max: number }) {
    if (!Number.isInteger(options.max) || options.max < 1)
      throw new RangeError(`There must be at least one worker process, not ${options.max}`)
    this.max = options.max
  }

  /** Processes that are held now, resting ones included. */
  get held(): number {
    return this.#holders.size
  }

  /**
   * Resolves when the tenant may have a process; `undefined` where it may at once. It keeps it, and no longer rests.
   * @throws the signal's reason; or `SkillClosedError` where the supply is closed.
   */
  acquire(tenant: Tenant, signal: AbortSignal): Promise<void> | undefined {
    if (this.#closed) throw closedError()
    if (this.#holders.has(tenant) && !this.#leaving.has(tenant)) {
      this.#resting.delete(tenant)
      return undefined
    }
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { tenant, signal, resolve, reject, onAbort: () => this.#leaveQueue(waiter) }
      signal.addEventListener('abort', waiter.onAbort, { once: true })
      this.#queue.push(waiter)
      this.#serve()
    })
  }

  /** The tenant has nothing to do: its process may be taken when another waits. */
  rest(tenant: Tenant) {
    if (!this.#holders.has(tenant) || this.#leaving.has(tenant)) return
    this.#resting.add(tenant)
    this.#serve()
  }

  /** The tenant's process is gone and it wants none. */
  release(tenant: Tenant) {
    this.#holders.delete(tenant)
    this.#resting.delete(tenant)
    this.#serve()
  }

  /** Ends all processes; whoever works is interrupted, whoever waits refused. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#queue.splice(0)) {
      waiter.signal.removeEventListener('abort', waiter.onAbort)
      waiter.reject(closedError())
    }
    await Promise.all([...this.#holders].map((tenant) => tenant.evict()))
    this.#holders.clear()
    this.#resting.clear()
  }

  #serve() {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#holders.size >= this.max || this.#leaving.has(next.tenant)) return this.#makeRoom()
      this.#grant(next.tenant)
    }
  }

  #grant(tenant: Tenant) {
    this.#holders.add(tenant)
    for (const waiter of this.#queue.filter((each) => each.tenant === tenant)) {
      this.#queue.splice(this.#queue.indexOf(waiter), 1)
      waiter.signal.removeEventListener('abort', waiter.onAbort)
      waiter.resolve()
    }
  }

  /** One eviction for each tenant that waits: no more processes end than are needed. */
  #makeRoom() {
    const waiting = new Set(this.#queue.map((waiter) => waiter.tenant)).size
    for (const tenant of this.#resting) {
      if (this.#leaving.size >= waiting) return
      this.#resting.delete(tenant)
      this.#leaving.add(tenant)
      void this.#evict(tenant)
    }
  }

  async #evict(tenant: Tenant) {
    await tenant.evict()
    this.#leaving.delete(tenant)
    this.release(tenant)
  }

  #leaveQueue(waiter: Waiter) {
    this.#queue.splice(this.#queue.indexOf(waiter), 1)
    waiter.reject(waiter.signal.reason)
  }
}

const closedError = () => new SkillClosedError('The batch did not run: the worker processes were closed')
