import { mkdir, readdir, readFile } from 'node:fs/promises'
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createActor, type ActorRefFrom, type SnapshotFrom } from 'xstate'
import type { Troupe } from 'troupe'
import { createOrderMachine, type Order } from './orderMachine.ts'

type OrderMachine = ReturnType<typeof createOrderMachine>

export interface OrderView extends Order {
  status: string
  /** Share of the plates that are done, %. */
  progressPct: number
  problem: string | null
}

/** All orders, one machine and one file each. The file holds the machine's last snapshot: what is needed to go on after a crash. */
export class Orders {
  readonly #directory: string
  readonly #machine: OrderMachine
  readonly #actors = new Map<string, ActorRefFrom<OrderMachine>>()
  readonly #progress = new Map<string, number>()

  private constructor(directory: string, troupe: Troupe) {
    this.#directory = directory
    this.#machine = createOrderMachine(troupe)
  }

  /** Reads what is there, and goes on with every order that is not finished. */
  static async open(directory: string, troupe: Troupe): Promise<Orders> {
    await mkdir(directory, { recursive: true })
    const orders = new Orders(directory, troupe)
    for (const file of await readdir(directory)) {
      if (!file.endsWith('.json')) continue
      orders.#start(JSON.parse(await readFile(join(directory, file), 'utf8')))
    }
    return orders
  }

  place(order: Order): OrderView {
    const { id } = this.#start(undefined, order)
    return this.find(id)!
  }

  find(id: string): OrderView | null {
    const snapshot = this.#actors.get(id)?.getSnapshot()
    if (!snapshot) return null
    const { text, plates, problem } = snapshot.context
    return {
      id,
      text,
      plates,
      status: snapshot.value,
      progressPct: snapshot.value === 'ready' ? 100 : (this.#progress.get(id) ?? 0),
      problem,
    }
  }

  #start(stored: SnapshotFrom<OrderMachine> | undefined, input = stored!.context as Order): Order {
    const actor = createActor(this.#machine, { input, snapshot: stored })
    const { id } = input
    this.#actors.set(id, actor)
    // Before the machine does anything: what it has begun is never forgotten.
    this.#store(id, actor.getPersistedSnapshot())
    actor.subscribe(() => this.#store(id, actor.getPersistedSnapshot()))
    actor.getSnapshot().children.run?.on('milestone.reached', ({ data }) => this.#progress.set(id, Number(data.pct)))
    actor.start()
    return input
  }

  #store(id: string, snapshot: unknown) {
    const file = join(this.#directory, `${id}.json`)
    const written = openSync(`${file}.new`, 'w')
    writeSync(written, JSON.stringify(snapshot))
    fsyncSync(written)
    closeSync(written)
    renameSync(`${file}.new`, file)
  }
}
