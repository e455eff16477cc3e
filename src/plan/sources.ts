import { z } from 'zod'

const path = z.string().min(1).meta({ title: 'the path of a module' })
const exported = z.string().min(1).default('default').describe('Name of the export.')

const fileInput = z.strictObject({
  file: z
    .string()
    .regex(/\.(jsonl|ndjson|csv|JSONL|NDJSON|CSV)$/)
    .meta({ title: 'the path of a .jsonl, .ndjson or .csv file' })
    .describe('Path, relative to the plan.'),
  columns: z.array(z.string().min(1)).min(1).optional().describe('Columns of a .csv file to keep. Default: all.'),
  delimiter: z
    .string()
    .regex(/^[^"\r\n\0]$/)
    .optional()
    .meta({ title: 'one character, such as ";"', default: ',' })
    .describe('What separates the cells of a .csv file.'),
})

const moduleInput = z.strictObject({
  module: path.describe('Path, relative to the plan.'),
  export: exported.describe('Name of the export: an array, an (async) iterable, or a function that returns one.'),
})

const generatorInput = z.strictObject({
  generator: z
    .enum(['uniform', 'skewed', 'zipf'])
    .optional()
    .meta({ default: 'uniform' })
    .describe('uniform: values u from 0 to 1. skewed: u². zipf: ranks by a Zipf law.'),
  seed: z.int().min(0).optional().meta({ default: 1 }).describe('The same seed gives the same items.'),
  exponent: z.number().gt(0).optional().describe('Of the Zipf law. Default 1.1; larger is more uneven.'),
})

export const inputSchema = z.union([fileInput, moduleInput, generatorInput])

export type InputWritten = z.output<typeof inputSchema>
export type GeneratorWritten = z.output<typeof generatorInput>
