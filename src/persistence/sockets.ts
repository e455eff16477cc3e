import { Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** The options of postgres.js, as far as they say where its connections lead. */
export interface Destination {
  /** A socket of this host. */
  path: string | false
  host: string[]
  port: number[]
}

/**
 * The sockets of one client. postgres.js leaves those open that still connect, or whose server says nothing any more; each of them would keep the
 * process alive.
 */
export class Sockets {
  readonly #open = new Set<Socket>()
  /** All of them: what postgres.js has is cut for it. */
  #hosts: readonly string[] | undefined
  /** Of several hosts, the one that is tried next. */
  #host = 0
  /** Connections that failed since the last one that was made. */
  #failures = 0
  #ending: Promise<void> | undefined

  /** The option `socket` of postgres.js. */
  readonly connect = (to: Destination): Socket => {
    this.#hosts ??= to.host
    const hosts = this.#hosts
    // Of several hosts postgres.js tries one after the other for ever, at once: that the last of them failed it tells only where it knows of one.
    const isLast = this.#ending !== undefined || this.#failures >= hosts.length - 1
    to.host = isLast ? hosts.slice(0, 1) : [...hosts]
    if (this.#ending) throw Object.assign(new Error('The client has ended'), { code: 'CONNECTION_ENDED' })
    const index = this.#host
    const host = hosts[index]!
    const port = to.port[index]!
    let isMade = false
    const socket = new WatchedSocket(() => {
      this.#open.delete(socket)
      if (!isMade) this.#failures = isLast ? 0 : this.#failures + 1
      if (this.#host === index) this.#host = (index + 1) % hosts.length
    })
    socket.once('connect', () => {
      isMade = true
      this.#failures = 0
    })
    // What postgres.js calls it in its messages, and expects in a certificate.
    Object.assign(socket, { host, port })
    this.#open.add(socket)
    // A failure at once would come before postgres.js listens.
    void setImmediate().then(() => {
      if (socket.destroyed) return
      if (to.path) socket.connect(to.path)
      else socket.connect(port, host)
    })
    return socket
  }

  /** Ends those that are left, and lets no other begin. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end() {
    for (const socket of this.#open) socket.destroy()
    // They are gone by then. postgres.js, which hears of it, has let go of its timers, and has tried in vain to connect anew.
    await setTimeout(1)
    await setTimeout(1)
  }
}

/** Its listeners are not its own: postgres.js removes them all. */
class WatchedSocket extends Socket {
  readonly #onEnd: () => void

  constructor(onEnd: () => void) {
    super()
    this.#onEnd = onEnd
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void) {
    this.#onEnd()
    super._destroy(error, callback)
  }
}
