import type { Json, ScenarioPlan } from './model.ts'
import type { Preset } from './schema.ts'

/** What a scenario gets from its preset where neither it nor the plan writes anything. */
export type Tier = Pick<
  ScenarioPlan,
  'difficulty' | 'batchSize' | 'parallel' | 'timeBudgetMs' | 'memoryLimitMb' | 'errorTolerance' | 'expectedQuality' | 'metrics' | 'params'
> & { generator: 'uniform' | 'skewed' }

type TierName = 'simple' | 'medium' | 'complex'

export const qualityLevels = { basic: 0.6, good: 0.8, excellent: 0.9 } as const

const cached: Record<string, Json> = { cacheEnabled: true }
const accuracyAndCoverage = ['accuracy', 'coverage']

const classic: Record<TierName, Tier> = {
  simple: {
    difficulty: 'easy',
    generator: 'uniform',
    batchSize: 10,
    timeBudgetMs: 30_000,
    memoryLimitMb: 256,
    errorTolerance: 0,
    parallel: 1,
    params: cached,
    expectedQuality: qualityLevels.basic,
    metrics: accuracyAndCoverage,
  },
  medium: {
    difficulty: 'intermediate',
    generator: 'uniform',
    batchSize: 50,
    timeBudgetMs: 90_000,
    memoryLimitMb: 512,
    errorTolerance: 0.05,
    parallel: 1,
    params: cached,
    expectedQuality: qualityLevels.good,
    metrics: accuracyAndCoverage,
  },
  complex: {
    difficulty: 'advanced',
    generator: 'skewed',
    batchSize: 100,
    timeBudgetMs: 300_000,
    memoryLimitMb: 1024,
    errorTolerance: 0.1,
    parallel: 4,
    params: cached,
    expectedQuality: qualityLevels.excellent,
    metrics: [...accuracyAndCoverage, 'latency'],
  },
}

/** Everything but size is the same, so that a difference between scenarios is one of size. The difficulty is a label. */
const controlled: Omit<Tier, 'difficulty'> = {
  generator: 'uniform',
  batchSize: 10,
  // A skill may be as slow as a language model.
  timeBudgetMs: null,
  memoryLimitMb: 1024,
  errorTolerance: 0.05,
  parallel: 1,
  params: {},
  expectedQuality: null,
  metrics: accuracyAndCoverage,
}

/**
 * The preset of one scenario: by its name if that is `simple`, `medium` or `complex`, else by its place:
 * the first takes `simple`, the last `complex`, those between `medium`.
 */
export function tierOf(preset: Preset, name: string, index: number, count: number): Tier {
  const tier = classic[tierName(name, index, count)]
  if (preset === 'classic') return tier
  return { ...controlled, difficulty: tier.difficulty }
}

function tierName(name: string, index: number, count: number): TierName {
  if (name === 'simple' || name === 'medium' || name === 'complex') return name
  if (index === 0) return 'simple'
  return index === count - 1 ? 'complex' : 'medium'
}
