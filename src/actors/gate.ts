import { fromCallback, type EventObject } from 'xstate'
import type { Clock } from '../clock.ts'
import { BreakerOpenError, wayOf, type FailedWay } from '../errors.ts'
import type { BreakerEvent } from '../machines/breaker.ts'
import { isBlocking, step } from '../machines/breakerRules.ts'
import type { Breaker } from '../machines/breakerState.ts'
import type { ErrorClass } from '../plan.ts'

export type GateLogic = ReturnType<typeof createGate>

/** The way between a breaker and the calls in this process: what they come to goes up, what may pass comes down. */
export const createGate = (gateOf: (whose: { run: string; variant: string }) => Gate) =>
  fromCallback<{ type: 'breaker.is'; breaker: Breaker }, { run: string; variant: string }>(({ input, sendBack, receive }) => {
    const gate = gateOf(input)
    gate.connect(sendBack)
    receive(({ breaker }) => gate.follow(breaker))
  })

const MAX_MESSAGE = 200

/** A call that may pass. `permit`: of a probe. */
export interface Pass {
  generation: number
  permit: number | null
}

/** In front of the skill of one variant: asked before each call, and told what came of it. */
export class Gate {
  readonly #clock: Clock
  #breaker: Breaker
  #pass: Pass
  #send: (event: EventObject & BreakerEvent) => void = () => {}
  #waiting: (() => void)[] = []

  constructor(breaker: Breaker, clock: Clock) {
    this.#breaker = breaker
    this.#pass = { generation: breaker.generation, permit: null }
    this.#clock = clock
  }

  connect(send: (event: EventObject & BreakerEvent) => void) {
    this.#send = send
  }

  follow(breaker: Breaker) {
    this.#breaker = breaker
    this.#pass = { generation: breaker.generation, permit: null }
    this.wake()
  }

  get isOpen(): boolean {
    return this.#breaker.status === 'open'
  }

  /**
   * @param mayProbe Whether the caller's scenario is among those that a half-open breaker lets through.
   * @throws {BreakerOpenError}
   */
  enter(mayProbe: boolean): Pass {
    const { status, issued } = this.#breaker
    if (status === 'closed' || status === 'disabled') return this.#pass
    if (status === 'halfOpen' && mayProbe) {
      this.#send({ type: 'probe.requested', at: this.#clock.now() })
      const { generation, issued: last } = this.#breaker
      if (last > issued) return { generation, permit: last }
    }
    throw this.#refusal()
  }

  #refusal() {
    const { probeAt, spec } = this.#breaker
    return new BreakerOpenError(spec.variant, probeAt === null ? null : Math.max(0, probeAt - this.#clock.now()))
  }

  /** @throws {BreakerOpenError} if what the pass was given for is over, or its permit is another's by now, and nothing may pass any more. */
  check({ generation, permit }: Pass) {
    const { status, generation: present, permits } = this.#breaker
    const isOver = generation !== present || (permit !== null && !permits.some(({ id }) => id === permit))
    if (isOver && isBlocking(status)) throw this.#refusal()
  }

  /** Resolves when it is worth asking again. @throws the signal's reason. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(signal.reason as Error)
      }
      const go = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(go)
    })
  }

  /** Those who wait ask again, in the order in which they came. */
  wake() {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** `durationMs`: of the call itself. */
  succeeded({ generation, permit }: Pass, durationMs: number) {
    this.#tell({ type: 'call.succeeded', generation, permit, durationMs, at: this.#clock.now() })
  }

  /** `error`: its secrets hidden. `ofItems`: the skill itself may be well. */
  failed({ generation, permit }: Pass, errorClass: ErrorClass, error?: FailedWay, ofItems = false) {
    const said = error?.message.split('\n', 1)[0]?.slice(0, MAX_MESSAGE)
    this.#tell({
      type: 'call.failed',
      class: errorClass,
      generation,
      permit,
      ...(said !== undefined && { message: said }),
      ...(error && { way: wayOf(error).slice(0, MAX_MESSAGE) }),
      ...(ofItems && { ofItems }),
      at: this.#clock.now(),
    })
  }

  /** A call that says nothing new, as good ones do most of the time, wakes no actor. */
  #tell(event: BreakerEvent & { type: 'call.succeeded' | 'call.failed' }) {
    if (step(this.#breaker, event, event.at) !== this.#breaker) this.#send(event)
  }
}
