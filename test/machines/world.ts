import { createActor, SimulatedClock } from 'xstate'
import { expect } from 'vitest'
import { Activity } from '../../src/actors/activity.ts'
import { KeptItems } from '../../src/actors/itemProgress.ts'
import { createBudget } from '../../src/actors/budget.ts'
import { createDeadline } from '../../src/actors/deadline.ts'
import { createGate, Gate } from '../../src/actors/gate.ts'
import { createLanes } from '../../src/actors/lanes.ts'
import { Ledger, type Durability } from '../../src/actors/ledger.ts'
import { createRelease, releaseFact } from '../../src/actors/release.ts'
import type { Stage } from '../../src/actors/stage.ts'
import { Turn } from '../../src/actors/turn.ts'
import { createUnconfirmed } from '../../src/actors/unconfirmed.ts'
import { openGates } from '../../src/host/gates.ts'
import { judge } from '../../src/host/judge.ts'
import { Recorder, type OrchestratorRef } from '../../src/host/recorder.ts'
import { restore } from '../../src/host/restore.ts'
import { barrierMachine } from '../../src/machines/barrier.ts'
import { breakerMachine } from '../../src/machines/breaker.ts'
import { initialBreaker, type Breaker } from '../../src/machines/breakerState.ts'
import { breakerId } from '../../src/machines/orchestratorBreakers.ts'
import { orchestratorMachine } from '../../src/machines/orchestrator.ts'
import type { Command, RunSpec } from '../../src/machines/orchestratorState.ts'
import { scenarioMachine } from '../../src/machines/scenario.ts'
import { addressOf } from '../../src/machines/scenarioStep.ts'
import type { Fact } from '../../src/persistence/facts.ts'
import { openMemoryStore } from '../../src/persistence/memory.ts'
import type { Ownership } from '../../src/persistence/store.ts'
import { CriticalError, ItemError } from '../../src/skills/errorClass.ts'
import type { SkillCall, SkillOutcome } from '../../src/skills/skill.ts'
import { Books } from './books.ts'
import { breakerSpec } from './breakerSpec.ts'

interface Write {
  facts: readonly Fact[]
  resolve: () => void
}

interface Hand {
  scenario: string
  call: SkillCall
  answer: (outcome: SkillOutcome) => void
  refuse: (error: Error) => void
  /** Of the breaker when it began. */
  generation: number
  startedAt: number
}

/** Half of them are tried again. */
const badItem = (item: number, bad: number) => new ItemError(`item ${item}`, { class: (item + bad) % 2 === 0 ? 'transient' : 'critical' })

/** Everything that was promised so far has happened. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/**
 * A whole run as a process runs it, but for three things: the skill answers, the disk writes and the process dies when the test says so.
 * What is written, and when, is kept in the books, which know what must never happen.
 */
export class World {
  readonly #clock = new SimulatedClock()
  readonly #store = openMemoryStore({ clock: this.#clock })
  readonly #spec: RunSpec
  readonly #durability: Durability
  readonly #turn = new Turn()
  readonly #parallel: Record<string, number>
  readonly books: Books
  #owner: Ownership | undefined
  #actor: OrchestratorRef | undefined
  #writes: Write[] = []
  #hands: Hand[] = []
  /** One for each process: what an earlier one still does reaches nobody. */
  #life = 0
  /** A call that must never have been made. Its scenario takes it for an error of the skill. */
  #broken: unknown
  finals = 0

  /** @param parallel Lanes of each scenario, by its name; one where nothing is said. */
  constructor(spec: RunSpec, durability: Durability, parallel: Record<string, number> = {}) {
    this.#spec = spec
    this.#parallel = parallel
    this.#durability = durability
    this.books = new Books(spec, durability === 'batch' || durability === 'pipelined')
  }

  /** A process takes the run and goes on with it. */
  async open() {
    const { run: id } = this.#spec
    const life = ++this.#life
    this.#owner = (await this.#store.get(id))
      ? await this.#store.take(id)
      : await this.#store.create({ id, name: 'world', plan: {}, fingerprint: 'f', skillVersions: {} })
    const now = this.#clock.now()
    const restored = await restore({ store: this.#store, spec: this.#spec, seenAt: this.#owner.seenAt, now })
    const owner = this.#owner
    const journal = {
      append: (_run: unknown, facts: readonly Fact[]) =>
        new Promise<void>((resolve) => {
          if (life === this.#life) this.#writes.push({ facts, resolve })
        }),
    }
    const fatal = (error: unknown) => {
      throw error
    }
    const fatalOf = (_run: string, error: unknown) => fatal(error)
    const kept = await this.#store.kept(id)
    const ledger = new Ledger(journal, owner, this.#durability, fatal)
    const gates = openGates(this.#spec.breakers, restored.breakers, this.#clock)
    const stages = new Map(
      this.#spec.scenarios.map((s) => {
        const stage = this.#stage(addressOf(s), ledger, restored.scenarios[addressOf(s)]!.activeMs, life)
        const own = new KeptItems(kept.filter(({ variant, scenario }) => variant === s.variant && scenario === s.name))
        return [addressOf(s), { ...stage, kept: own, gate: gates.get(s.variant) ?? stage.gate }]
      }),
    )
    const stageOf = ({ scenario }: { scenario: string }) => stages.get(scenario)!
    let recorder: Recorder | undefined
    const machine = orchestratorMachine.provide({
      actors: {
        scenario: scenarioMachine.provide({
          actors: {
            lanes: createLanes(stageOf),
            budget: createBudget(this.#clock, stageOf),
            unconfirmed: createUnconfirmed(
              this.#clock,
              async ({ run, size, from, ...round }) => {
                const { variant, scenario } = stageOf(round)
                await ledger.drain()
                return this.#store.unconfirmed(run, { ...round, variant, scenario }, { size, from })
              },
              fatalOf,
            ),
          },
        }),
        breaker: breakerMachine.provide({
          actors: { gate: createGate(({ variant }) => gates.get(variant)!), deadline: createDeadline(this.#clock) },
        }),
        barrier: barrierMachine.provide({
          actors: {
            deadline: createDeadline(this.#clock),
            release: createRelease(this.#clock, (release) => ledger.settle([releaseFact(release, recorder!.statuses())]), fatalOf),
          },
        }),
      },
    })
    this.#actor = createActor(machine, { input: this.#spec, snapshot: restored.snapshot ?? undefined, clock: this.#clock })
    recorder = new Recorder(this.#actor, ledger, (facts) => {
      this.finals++
      void ledger.commit(facts)
    })
    const fresh = this.#actor.getSnapshot().context.startedAt === null
    this.#actor.start()
    this.#actor.send({ type: fresh ? 'run.start' : 'run.resume', at: now })
    await turn()
  }

  #stage(address: string, ledger: Ledger, activeMs: number, life: number): Stage {
    const { variant, name } = this.#spec.scenarios.find((s) => addressOf(s) === address)!
    /** Items of the batches that were begun. */
    const reads: { from: number; to: number }[] = []
    return {
      run: this.#spec.run,
      variant,
      scenario: name,
      clock: this.#clock,
      random: () => 0,
      skill: {
        call: (call, options) =>
          new Promise((resolve, reject) => {
            if (life !== this.#life) return
            const { signal } = options
            options.onStart()
            try {
              this.books.called(address, call, reads.findLast((read) => read.from <= call.from && call.from < read.to)!.from)
            } catch (error) {
              this.#broken ??= error
              throw error
            }
            const begun = { generation: this.#breaker?.generation ?? 0, startedAt: this.#clock.now() }
            const hand = { scenario: address, call: structuredClone(call), answer: resolve, refuse: reject, ...begun }
            this.#hands.push(hand)
            this.#expectAdmitted()
            signal.addEventListener('abort', () => {
              if (this.#hands.includes(hand)) this.books.aborted(address, call)
              this.#hands = this.#hands.filter((other) => other !== hand)
              reject(signal.reason)
            })
          }),
        rest() {},
        async close() {},
      },
      reader: {
        read: (from, count) => {
          reads.push({ from, to: from + count })
          return Array.from({ length: count }, (_, i) => from + i)
        },
        async close() {},
      },
      ledger,
      activity: new Activity(this.#clock, activeMs),
      gate: new Gate(initialBreaker(breakerSpec({}, { disabled: true })), this.#clock),
      turn: this.#turn,
      mayProbe: false,
      kept: new KeptItems(),
      // Probes are tried again, and items that failed alone.
      retry: { attempts: 2, backoffMs: 0, factor: 1, maxMs: 1, jitter: 0, on: ['recoverable', 'transient'] },
      directory: '/plan',
      batchTimeoutMs: 1_000,
      warmupBatches: 0,
      redact: (text: string) => text,
      parallel: this.#parallel[name] ?? 1,
      window: this.#durability === 'pipelined' ? 2 : 0,
      shutdown: new AbortController(),
      inHand: 0,
      batches: new Set(),
      tell() {},
      onFatal(error) {
        throw error
      },
    }
  }

  get #breaker(): Breaker | undefined {
    const { children, context } = this.#actor!.getSnapshot()
    const [spec] = context.spec.breakers
    return spec && (children[breakerId(spec.variant)] as unknown as { getSnapshot(): { context: Breaker } }).getSnapshot().context
  }

  /** Nothing reaches the skill while its breaker is open, and no more than its probes while it is half-open. */
  #expectAdmitted() {
    const breaker = this.#breaker
    if (!breaker) return
    const { status, generation, spec } = breaker
    expect(['closed', 'halfOpen', 'disabled'], 'called behind an open breaker').toContain(status)
    const probing = this.#hands.filter((h) => h.generation === generation && this.#clock.now() - h.startedAt < spec.leaseMs)
    if (status === 'halfOpen') expect(probing.length, 'probes at once').toBeLessThanOrEqual(spec.options.probes)
  }

  get state() {
    return this.#actor!.getSnapshot().context
  }

  get idle(): boolean {
    return this.#hands.length === 0 && this.#writes.length === 0
  }

  /** One of the calls in flight answers. `bad`: bits that say which of its items fail, by their numbers modulo 3. */
  async answer(which: number, ok: boolean, bad = 0) {
    const [hand] = this.#hands.splice(which % Math.max(1, this.#hands.length), 1)
    if (!hand) return
    const { call, answer, refuse } = hand
    const startedAt = this.#clock.now()
    const isProbing = this.#breaker?.status === 'halfOpen'
    if (!ok && isProbing) this.books.mayBeTriedAgain(hand.scenario, call)
    const itemFailures = (call.items as number[]).flatMap((item, i) => ((bad >> (item % 3)) & 1 ? [[i, badItem(item, bad)] as const] : []))
    const failed = new Set(itemFailures.map(([i]) => i))
    if (ok) this.books.answered(hand.scenario, call, failed)
    if (!ok) refuse(isProbing ? new Error('The skill says no') : new CriticalError('The skill says no'))
    else
      answer({
        result: JSON.stringify(call.items.map((item, i) => (failed.has(i) ? null : item))),
        ...(failed.size > 0 && { itemFailures }),
        processed: call.items.length - failed.size,
        quality: null,
        usage: null,
        startedAt,
        activeMs: 0,
        cpuMs: null,
        memoryPeakMb: null,
      })
    await turn()
  }

  /** The disk writes the oldest `count` of what waits. */
  async flush(count: number) {
    for (const { facts, resolve } of this.#writes.splice(0, count)) {
      await this.#store.journal.append(this.#owner!, facts)
      this.books.stored(facts)
      resolve()
    }
    await turn()
  }

  async command(command: Command) {
    let verdict: string
    try {
      verdict = judge(this.state, command)
    } catch {
      return
    }
    if (verdict === 'apply') this.#actor!.send(command)
    await turn()
  }

  async advance(ms: number) {
    this.#clock.increment(ms)
    await turn()
  }

  /** The process dies: what it had not written is gone. */
  async crash() {
    this.#life++
    this.#writes = []
    this.#hands = []
    this.books.died()
    this.#actor!.stop()
    await turn()
    await this.#owner!.release()
  }

  get now(): number {
    return this.#clock.now()
  }

  /** Nothing in the way any more, and no time passes but a breaker's cooldown: the run must come to its end. */
  async finish() {
    await this.command({ type: 'run.continue', at: this.now })
    if (this.#breaker?.status === 'forcedOpen') await this.command({ type: 'breaker.reset', at: this.now })
    for (let turns = 0; this.state.finishedAt === null || !this.idle; turns++) {
      expect(turns).toBeLessThan(2_000)
      if (this.idle && this.#breaker?.status === 'open') await this.advance(this.#breaker.probeAt! - this.now)
      expect(this.idle && this.state.finishedAt === null, 'nothing is in flight, and the run has not ended').toBe(false)
      await this.flush(Number.MAX_SAFE_INTEGER)
      await this.answer(0, true)
    }
    if (this.#broken) throw this.#broken
  }
}
