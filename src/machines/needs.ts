import { fromCallback, type AnyActorLogic } from 'xstate'

/** A typed hole: the machine says which actor it needs, the host provides it (`machine.provide`). */
export const needs = <T extends AnyActorLogic>(name: string): T =>
  fromCallback(() => {
    throw new Error(`The host provides no actor "${name}"`)
  }) as unknown as T
