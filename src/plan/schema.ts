import { z } from 'zod'
import { availableParallelism } from 'node:os'
import { batchItems, durationMs, items, lanes, memoryMb, MOST_ITEMS, repetitions, resultBytes, waitMs } from './bounds.ts'
import { breakerSchema, chaosSchema, classifySchema, recoverySchema, retrySchema } from './failureSchemas.ts'
import { skillSchema } from './skillSchemas.ts'
import { inputSchema } from './sources.ts'

export type { ErrorClass } from './failureSchemas.ts'

const growthClass = z.enum(['1', 'logn', 'n', 'nlogn', 'n^2', 'n^3'])
const percent = z.int().min(1).max(100)
const ratio = z.number().min(0).max(1)
const planName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ title: 'a name of at most 63 lower-case letters, digits and hyphens that starts with a letter or digit' })

// YAML reads `expects: 1` as a number.
const expects = z.union([growthClass, z.literal(1)]).meta({ title: `one of ${growthClass.options.join(', ')}` })

const difficulty = z.string().min(1)
const order = z.enum(['parallel', 'serial'])
const syncMode = z.enum(['free', 'milestone', 'lockstep'])
const preset = z.enum(['controlled', 'classic'])
const durability = z.enum(['batch', 'pipelined', 'milestone', 'exit'])
const scalingName = z.enum([
  'linear',
  'exponential',
  'quadratic',
  'performance-testing',
  'security-scanning',
  'data-transformation',
  'ladder',
])

const scenarioSchema = z.strictObject({
  size: items.optional().describe('Items. Default: the size that `scaling` gives.'),
  multiplier: z.number().gt(0).optional().describe('Size in units of `baseSize`, rounded to whole items. Write this or `size`.'),
  difficulty: difficulty.optional().describe('A label that the skill and the report see. Default from the preset.'),
  input: inputSchema.optional().describe('Default: the `input` of the plan. Two generators are merged, so that a seed is written once.'),
  batchSize: batchItems.optional().describe('Items per batch: what is recorded, repeated and lost at most. Default from the plan.'),
  parallel: lanes.optional().describe('Batches in flight at once. Default from the plan.'),
  timeBudgetMs: durationMs
    .nullable()
    .optional()
    .describe('Active time in ms, after which the scenario fails with `time-budget`. `null`: no limit. Default from the preset.'),
  batchTimeoutMs: durationMs.optional().describe('Time for one batch in ms, after which it is aborted. Default from the plan.'),
  memoryLimitMb: memoryMb
    .optional()
    .describe('Memory of its worker in MB, above which the scenario fails with `memory`. Default from the preset.'),
  errorTolerance: ratio
    .optional()
    .describe('Share of items that may fail before the scenario fails with `errors`. Default from the preset.'),
  expectedQuality: z
    .union([ratio, z.enum(['basic', 'good', 'excellent']), z.null()])
    .optional()
    .describe(
      'Least quality that passes: a ratio, or basic (0.6), good (0.8), excellent (0.9). `null` asks for none. Default from the preset.',
    ),
  metrics: z
    .array(z.string().min(1))
    .optional()
    .describe('Names of the metrics to show. This version shows them all, and says so. Default from the preset.'),
  params: z
    .record(z.string(), z.json())
    .optional()
    .describe('Handed to the skill, over the `params` of the skill itself. Default from the preset.'),
})

/** What a user writes, in TypeScript, YAML or JSON. Defaults that depend on other keys are filled in by `normalizePlan`. */
export const planSchema = z.strictObject({
  $schema: z.string().optional().describe('Where editors find the JSON Schema of plans. Ignored.'),
  name: planName.describe('Names the plan, and its runs after it.'),
  skill: skillSchema.optional().describe('What is run: the path of a module, or an object. Required unless there are `variants`.'),
  variants: z.record(planName, skillSchema).optional().describe('Several skills to compare in one run, by name, instead of `skill`.'),
  input: inputSchema.optional().describe('Where items come from. Default: the uniform generator with seed 1.'),
  baseSize: items.optional().meta({ default: 100 }).describe('Items at multiplier 1. Profiles multiply it.'),
  scaling: z
    .union([
      scalingName,
      z.strictObject({
        sizes: z
          .array(items)
          .min(1)
          .describe('Items of each scenario, never falling. Three are called simple, medium, complex; others size-N.'),
        expects: expects.optional().describe('As `expects` of the plan, which goes before it.'),
      }),
    ])
    .default('exponential')
    .describe(
      'The sizes of scenarios that write none. linear: baseSize, then 200 and 500 more. exponential, quadratic: ×1, ×3, ×8. performance-testing: ×0.1, ×0.3, ×0.8. ' +
        'security-scanning: ×0.2, ×1, ×5. data-transformation: ×1, ×2, ×3. ladder: ×1, ×2, ×4 … ×64. Or sizes of your own.',
    ),
  expects: expects
    .optional()
    .describe(
      'The growth class you claim. Once written, the verdict depends on it: this version measures no growth, so the verdict is inconclusive.',
    ),
  preset: preset
    .default('controlled')
    .describe(
      'Where scenarios get what they do not write. controlled changes size alone; classic changes distribution, batch size and lanes with it.',
    ),
  scenarios: z
    .record(planName, scenarioSchema)
    .optional()
    .describe(
      'Scenarios by name, in order of size. Default: those of `scaling`. simple, medium and complex take the preset of that name; of others the first takes simple, the last complex, those between medium.',
    ),
  batchSize: batchItems.optional().meta({ default: 10 }).describe('Items per batch of every scenario. Written, it goes before the preset.'),
  parallel: lanes
    .optional()
    .meta({ default: 1 })
    .describe('Batches in flight at once in every scenario. Written, it goes before the preset.'),
  batchTimeoutMs: durationMs.default(30_000).describe('Time for one batch in ms, after which it is aborted.'),
  graceMs: waitMs.default(1_000).describe('Time in ms that an aborted batch has to end before its process is killed.'),
  sync: z
    .strictObject({
      mode: syncMode
        .default('free')
        .describe('free: nobody waits. milestone: wait for each other at `at`. lockstep: wait every `stepPct`.'),
      at: z.array(percent).min(1).default([30, 70, 100]).describe('Percent of items at which scenarios wait, increasing.'),
      stepPct: percent.default(10).describe('Percent of items between two barriers of lockstep.'),
      timeoutMs: durationMs.default(30_000).describe('Longest wait in ms from the first arrival; then those who wait go on.'),
    })
    .prefault({})
    .describe('Whether scenarios wait for each other.'),
  milestones: z
    .array(z.int().min(0).max(100))
    .default([0, 30, 50, 70, 90, 100])
    .describe('Percent of settled items at which progress is recorded, increasing. 0 and 100 are always there.'),
  order: order.default('parallel').describe('parallel: scenarios run side by side. serial: one after the other, for clean timings.'),
  warmupBatches: z
    .int()
    .min(0)
    .max(MOST_ITEMS)
    .default(1)
    .describe('First batches of a scenario whose timing does not count. Their results do.'),
  repetitions: repetitions.default(1).describe('How often every scenario runs. More than one is needed to tell growth from noise.'),
  retry: retrySchema.prefault({}).describe('When and how often a failed batch is tried again.'),
  breaker: breakerSchema
    .prefault({})
    .describe('The circuit breaker in front of each skill: it keeps calls away from a service that fails. `false`: none.'),
  recovery: recoverySchema.prefault({}).describe('What happens when all scenarios of a run have failed.'),
  classify: classifySchema
    .optional()
    .describe('Says of what class an error is; what it leaves open is decided as always. In a TypeScript plan it may be a function.'),
  chaos: chaosSchema.optional().describe('Breaks calls on purpose, to rehearse failures. Off by default, and loud.'),
  durability: durability
    .default('batch')
    .describe(
      'When results are stored. batch: before the lane goes on. pipelined: up to `window` later. milestone, exit: then, and a crash loses what is between.',
    ),
  window: lanes.default(4).describe('Batches that may run ahead of the stored one, with durability pipelined.'),
  maxResultBytes: resultBytes.default(16 * 2 ** 20).describe('Largest result of one batch in bytes; a larger one fails its batch.'),
  workers: z
    .strictObject({
      max: lanes.optional().describe('Worker processes at most. Default: the larger of 8 and the cores less one.'),
    })
    .prefault({})
    .describe('Worker processes of this process.'),
  shutdownMs: waitMs.default(5_000).describe('Time in ms that batches in flight have to end after Ctrl-C.'),
  secrets: z.array(z.string().min(1)).default([]).describe('Names of environment variables whose values are redacted everywhere.'),
  synthesize: z
    .strictObject({
      module: z.string().min(1).describe('Path, relative to the plan.'),
      export: z.string().min(1).default('default').describe('Name of the export, a function of all claims.'),
    })
    .optional()
    .describe('Makes one result of all claims. In a TypeScript plan it may be a function.'),
})

export type PlanWritten = z.output<typeof planSchema>
export type ScenarioWritten = z.output<typeof scenarioSchema>
export type GrowthClass = z.output<typeof growthClass>
export type Difficulty = z.output<typeof difficulty>
export type Order = z.output<typeof order>
export type SyncMode = z.output<typeof syncMode>
export type Preset = z.output<typeof preset>
export type Durability = z.output<typeof durability>
export type ScalingName = z.output<typeof scalingName>

export const syncModes = syncMode.options
export const orders = order.options

export const defaultWorkers = () => Math.max(8, availableParallelism() - 1)
