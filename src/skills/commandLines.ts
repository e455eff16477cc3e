import { Conversation } from './conversation.ts'
import type { CommandParts } from './commandSkill.ts'
import type { SkillContext, SkillReturn } from './skill.ts'

/** Mode `lines`: one program for all batches, replaced when it has ended or had to be. There are never two. */
export class LinesCommand {
  readonly #parts: CommandParts
  #current: Promise<Conversation> | undefined

  constructor(parts: CommandParts) {
    this.#parts = parts
  }

  async run(items: readonly unknown[], context: SkillContext): Promise<SkillReturn> {
    for (;;) {
      context.signal.throwIfAborted()
      this.#current ??= Conversation.begin(this.#parts, context)
      const current = this.#current
      const conversation = await current.catch((error: unknown) => {
        this.#forget(current)
        throw error
      })
      if (!conversation.ending) return conversation.ask(items, context)
      await conversation.gone
      this.#forget(current)
    }
  }

  async close(): Promise<void> {
    const conversation = await this.#current?.catch(() => undefined)
    await conversation?.finish()
  }

  #forget(conversation: Promise<Conversation>) {
    if (this.#current === conversation) this.#current = undefined
  }
}
