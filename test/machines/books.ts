import { expect } from 'vitest'
import type { Claim } from '../../src/machines/claim.ts'
import type { RunSpec } from '../../src/machines/orchestratorState.ts'
import { addressOf } from '../../src/machines/scenarioStep.ts'
import type { BatchFact, Fact } from '../../src/persistence/facts.ts'
import type { SkillCall } from '../../src/skills/skill.ts'

const covers = (b: BatchFact, item: number) => b.from <= item && item < b.from + b.items

const confirms = (b: BatchFact, item: number) =>
  covers(b, item) && b.outcome === 'ok' && !(b.itemErrors !== null && item - b.from in JSON.parse(b.itemErrors))

/** What a run has called and stored, and what it must never call or store. */
export class Books {
  readonly #spec: RunSpec
  /** Every batch and every release is durable before what follows from it. */
  readonly #strong: boolean
  readonly #batches = new Map<string, BatchFact>()
  readonly #released = new Set<string>()
  readonly #started = new Set<string>()
  readonly #status = new Map<string, string>()
  readonly #restarted = new Set<string>()
  readonly #once = new Set<string>()
  #inFlight = new Set<string>()
  /** How often each item was paid for, by a good answer, and how often that was lost with its process. */
  readonly #paid = new Map<string, number>()
  readonly #lostItems = new Map<string, number>()
  /** Paid items that the store knows. */
  readonly #known = new Set<string>()
  #calls = 0
  #lost = 0

  constructor(spec: RunSpec, strong: boolean) {
    this.#spec = spec
    this.#strong = strong
  }

  /** A skill is called. `first`: item of its batch, of which it may be what is left. */
  called(address: string, { key, from, items, idempotencyKey, numbers }: SkillCall, first: number) {
    this.#calls++
    const { variant, scenario, repetition, round } = key
    const last = (items as number[]).at(-1)!
    const named = `${key.run}/${variant}/${scenario}/${repetition}/${from}-${last + 1}`
    if (numbers) expect(idempotencyKey).toMatch(new RegExp(`^${named}/items-[0-9a-f]{16}$`))
    else expect(idempotencyKey).toBe(named)
    const place = `${address} ${repetition} ${round} ${from}`
    expect(this.#inFlight, 'called while it is in flight').not.toContain(place)
    this.#inFlight.add(place)
    expect(this.#started, 'called before the start was durable').toContain(address)
    const settled = this.#settled(address, repetition)
    const again = (items as number[]).filter((item) => settled.some((b) => confirms(b, item) || (covers(b, item) && b.round === round)))
    expect(again, 'called again').toEqual([])
    if (!this.#strong) return
    const { barriers, size } = this.#spec.scenarios.find((s) => addressOf(s) === address)!
    for (const pct of barriers)
      if (first * 100 >= pct * size) expect(this.#released, 'called behind a barrier').toContain(`${repetition} ${pct}`)
  }

  /** A call is paid for: its good items. Some of the others may be called again. */
  answered(address: string, { key, from, items }: SkillCall, failed: ReadonlySet<number>) {
    for (const [i, item] of (items as number[]).entries()) {
      if (failed.has(i)) continue
      const place = `${address} ${key.repetition} ${item}`
      const paid = this.#paid.get(place) ?? 0
      expect(paid, `${place} is paid for again, and was not lost`).toBe(this.#lostItems.get(place) ?? 0)
      this.#paid.set(place, paid + 1)
    }
    if (failed.size === 0) return
    this.#inFlight.delete(`${address} ${key.repetition} ${key.round} ${from}`)
    this.#lost++
  }

  /** The disk has written it. */
  stored(facts: readonly Fact[]) {
    for (const fact of facts) {
      if (fact.kind === 'batch') this.#storeBatch(fact)
      if (fact.kind === 'kept')
        for (const item in JSON.parse(fact.results)) this.#known.add(`${fact.variant}/${fact.scenario} ${fact.repetition} ${item}`)
      if (fact.kind === 'snapshot' && fact.machine === 'scenario') {
        this.#status.set(fact.actor, fact.status)
        if (fact.snapshot.context.round !== undefined) this.#restarted.add(fact.actor)
        if (fact.status !== 'pending') this.#started.add(fact.actor)
      }
      if (fact.kind === 'milestone' && fact.releasedAt !== null) {
        const release = `${fact.repetition} ${fact.pct}`
        if (this.#strong) expect(this.#released, 'released twice').not.toContain(release)
        this.#released.add(release)
        if (fact.outcome === 'all') for (const s of this.#spec.scenarios) this.#expectArrived(s, fact)
      }
      if (fact.kind === 'event' && (fact.type === 'milestone.reached' || fact.type === 'run.started')) {
        const event = JSON.stringify([fact.type, fact.actor, fact.data.repetition, fact.data.pct])
        expect(this.#once, 'the same event twice').not.toContain(event)
        this.#once.add(event)
      }
    }
  }

  #storeBatch(fact: BatchFact) {
    const address = `${fact.variant}/${fact.scenario}`
    const before = this.#settled(address, fact.repetition).filter((b) => b.from < fact.from + fact.items && fact.from < b.from + b.items)
    expect(
      before.filter((b) => b.round === fact.round),
      'settled twice',
    ).toEqual([])
    for (let item = fact.from; item < fact.from + fact.items; item++) {
      expect(
        before.some((b) => confirms(b, item)),
        'settled, and was confirmed',
      ).toBe(false)
      if (confirms(fact, item)) this.#known.add(`${address} ${fact.repetition} ${item}`)
    }
    const place = `${address} ${fact.repetition} ${fact.round} ${fact.batch}`
    expect([...this.#batches.keys()], 'two batches with one number').not.toContain(place)
    this.#batches.set(place, fact)
    this.#inFlight.delete(`${address} ${fact.repetition} ${fact.round} ${fact.from}`)
  }

  #expectArrived(
    s: RunSpec['scenarios'][number],
    { repetition, pct, statuses }: { repetition: number; pct: number; statuses: Record<string, string> },
  ) {
    const address = addressOf(s)
    // Final ones are no members. What is held back may be stored later. A barrier's row does not know yet who has come back since it opened.
    if (statuses[address] === 'failed' || this.#status.get(address) === 'failed' || this.#restarted.has(address) || !this.#strong) return
    const covered = this.#settled(address, repetition)
    for (let item = 0; item * 100 < pct * s.size; item++) {
      expect(
        covered.some((b) => b.from <= item && item < b.from + b.items),
        `${address} has not arrived at ${pct} %: item ${item}`,
      ).toBe(true)
    }
  }

  /** The batch in flight was refused while its breaker was half-open: a probe is called again, and paid for again. */
  mayBeTriedAgain(address: string, { key, from }: SkillCall) {
    this.#inFlight.delete(`${address} ${key.repetition} ${key.round} ${from}`)
    this.#lost++
  }

  /** The batch in flight was told to stop. */
  aborted(address: string, { key, from }: SkillCall) {
    if (this.#inFlight.delete(`${address} ${key.repetition} ${key.round} ${from}`)) this.#lost++
  }

  died() {
    this.#lost += this.#inFlight.size
    this.#inFlight = new Set()
    for (const [place, paid] of this.#paid) if (!this.#known.has(place)) this.#lostItems.set(place, paid)
  }

  #settled(address: string, repetition: number): BatchFact[] {
    return [...this.#batches.values()].filter((b) => `${b.variant}/${b.scenario}` === address && b.repetition === repetition)
  }

  /** Every item of a scenario that did not fail has exactly one outcome that counts, and its claim has counted them. */
  expectSettledOnce(address: string, { items, itemsFailed, progressPct }: Claim) {
    const { size, repetitions } = this.#spec.scenarios.find((s) => addressOf(s) === address)!
    const counted = { confirmed: 0, failed: 0 }
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      const all = this.#settled(address, repetition)
      const last = Math.max(...all.map((b) => b.round))
      for (let item = 0; item < size; item++) {
        const outcomes = all.filter((b) => covers(b, item))
        const confirmed = outcomes.filter((b) => confirms(b, item)).length
        const failed = outcomes.filter((b) => !confirms(b, item) && b.round === last).length
        expect(confirmed + (confirmed === 0 ? Math.min(1, failed) : 0), `${address}, repetition ${repetition}, item ${item}`).toBe(1)
        counted[confirmed > 0 ? 'confirmed' : 'failed']++
      }
    }
    expect({ items, itemsFailed, progressPct }).toEqual({ items: counted.confirmed, itemsFailed: counted.failed, progressPct: 100 })
  }

  /** Nothing is paid for twice but what was in flight when a process died, or was told to stop. */
  expectNothingPaidTwice() {
    expect(this.#calls - this.#batches.size).toBeLessThanOrEqual(this.#lost)
  }
}
