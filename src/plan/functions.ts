/** Makes one result of all claims. Written as a method so that a function of a narrower type of claims fits. */
export type Synthesize = { call(claims: readonly unknown[]): unknown }['call']

/** What a TypeScript plan may hold beside JSON. */
export interface PlanFunctions {
  synthesize?: Synthesize
}

/** A plan as written, parted into what is JSON and its functions. */
export function separateFunctions(input: unknown): { plan: unknown; functions: PlanFunctions } {
  if (typeof input !== 'object' || input === null || !('synthesize' in input)) return { plan: input, functions: {} }
  const { synthesize, ...plan } = input
  return isSynthesize(synthesize) ? { plan, functions: { synthesize } } : { plan: input, functions: {} }
}

const isSynthesize = (value: unknown): value is Synthesize => typeof value === 'function'
