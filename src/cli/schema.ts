import type { Command } from 'commander'
import { handle } from './invocation.ts'
import { jsonDocument } from './output.ts'

export function define(command: Command) {
  command.action(
    handle(async ({ output }) => {
      const { planJsonSchema } = await import('../index.ts')
      await output.print(jsonDocument(planJsonSchema()))
    }),
  )
}
