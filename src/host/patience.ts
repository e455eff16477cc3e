import { clockTime } from '../printable.ts'
import { OwnerSilentError } from '../errors.ts'
import type { Holder } from '../persistence/store.ts'
import { isSilent, silentSince } from './signOfLife.ts'

/** How often the owner is looked at, ms. It may die without a word. */
const LOOK_MS = 500

/** Waits for what the owner of a run was asked, as long as it lives. Says once that there is no sign of life. */
export class Patience {
  readonly #run: string
  readonly #say: ((line: string) => void) | undefined
  #askedAt: number | undefined
  #hasSaid = false

  constructor(run: string, say: ((line: string) => void) | undefined) {
    this.#run = run
    this.#say = say
  }

  /** Waits for the news, but not for long: then the owner is looked at again. @throws {OwnerSilentError} */
  async wait(news: Promise<void>, holder: Holder): Promise<void> {
    this.#askedAt ??= holder.now
    const { owner } = holder
    const since = silentSince(holder)
    if (owner && since !== null) {
      if (isSilent(holder, this.#askedAt)) throw new OwnerSilentError(this.#run, owner, clockTime(since))
      if (!this.#hasSaid) this.#say?.(`no sign of life from process ${owner.pid} on ${owner.host} since ${clockTime(since)}`)
      this.#hasSaid = true
    }
    let timer: NodeJS.Timeout | undefined
    const look = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LOOK_MS)
    })
    await Promise.race([news, look]).finally(() => clearTimeout(timer))
  }
}
