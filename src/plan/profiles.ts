import type { Plan } from './model.ts'
import type { PlanWritten, ScalingName } from './schema.ts'

export interface Rung {
  name: string
  /** Items; less than 1 where the base size is too small for the profile. */
  size: number
}

export interface Profile {
  name: Plan['scaling']
  expects: Plan['profileExpects']
  rungs: Rung[]
}

const threeTiers = ['simple', 'medium', 'complex']
const ladder = [1, 2, 4, 8, 16, 32, 64]

const profiles: Record<ScalingName, { expects: Profile['expects']; names: string[]; sizes: (base: number) => number[] }> = {
  linear: { expects: 'n', names: threeTiers, sizes: (base) => [base, base + 200, base + 700] },
  exponential: { expects: 'n', names: threeTiers, sizes: times(1, 3, 8) },
  quadratic: { expects: 'n^2', names: threeTiers, sizes: times(1, 3, 8) },
  // These three are known by their sizes at the default base size of 100: 10/30/80, 20/100/500, 100/200/300.
  'performance-testing': { expects: 'n', names: threeTiers, sizes: times(0.1, 0.3, 0.8) },
  'security-scanning': { expects: '<n', names: threeTiers, sizes: times(0.2, 1, 5) },
  'data-transformation': { expects: 'n^2', names: threeTiers, sizes: times(1, 2, 3) },
  ladder: { expects: null, names: ladder.map((rung) => `x${rung}`), sizes: times(...ladder) },
}

export function profileOf(scaling: PlanWritten['scaling'], baseSize: number): Profile {
  if (typeof scaling !== 'string') {
    return {
      name: 'custom',
      expects: scaling.expects === undefined ? null : growthClassOf(scaling.expects),
      rungs: ownRungs(scaling.sizes),
    }
  }
  const { expects, names, sizes } = profiles[scaling]
  return { name: scaling, expects, rungs: sizes(baseSize).map((size, index) => ({ name: names[index]!, size })) }
}

export const growthClassOf = (written: NonNullable<PlanWritten['expects']>) => (written === 1 ? '1' : written)

function times(...multipliers: number[]) {
  return (base: number) => multipliers.map((multiplier) => Math.round(multiplier * base))
}

function ownRungs(sizes: number[]): Rung[] {
  if (sizes.length === threeTiers.length) return sizes.map((size, index) => ({ name: threeTiers[index]!, size }))
  const seen = new Map<number, number>()
  return sizes.map((size) => {
    const before = seen.get(size) ?? 0
    seen.set(size, before + 1)
    return { name: before === 0 ? `size-${size}` : `size-${size}-${before + 1}`, size }
  })
}
