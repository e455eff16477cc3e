import { z } from 'zod'
import { lanes } from './bounds.ts'
import { errorClass } from './failureSchemas.ts'

const path = z.string().min(1).meta({ title: 'the path of a module' })
const text = z.string().min(1)
const version = z
  .union([z.string().min(1), z.number()])
  .optional()
  .describe('Change it with the skill: results of another version are never mixed with those of this one.')
const params = z.record(z.string(), z.json()).default({}).describe('Handed to the skill in every scenario.')

const functionSkill = z.strictObject({
  kind: z.literal('function').describe('An exported function: async (items, context) => results.'),
  module: path.describe('Path, relative to the plan.'),
  export: z.string().min(1).default('default').describe('Name of the export.'),
  isolation: z
    .enum(['process', 'inline'])
    .default('process')
    .describe('process: in a child process, which may be killed. inline: in the runtime itself, for trusted skills that only wait.'),
  version,
  params,
})

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const httpSkill = z.strictObject({
  kind: z.literal('http').describe('An HTTP endpoint.'),
  url: text.describe('Template of the address, http or https: `http://127.0.0.1:8080/score?of=${item.name}`. Values in it are escaped.'),
  mode: z.enum(['batch', 'item']).default('batch').describe('batch: one request for all items of a batch. item: one for each.'),
  method: z.enum(methods).default('POST').describe('Of each request.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Templates, by name. `${env:NAME}` is the value of an environment variable, which is never stored or shown.'),
  body: z
    .json()
    .optional()
    .describe(
      'Template of what is sent, as JSON; a text is sent as it is. Default: `{ "items": "${items}" }`, or `"${item}"`. In TypeScript it may be a function.',
    ),
  result: z
    .json()
    .default('${body}')
    .describe('Template of what comes back: results of the batch, or the result of the item. In TypeScript it may be a function.'),
  concurrency: lanes.default(4).describe('Requests of one batch at once, with mode item.'),
  version,
  params,
})

const format = z.enum(['jsonl', 'json', 'text'])

const exitCode = z
  .string()
  .regex(/^([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/)
  .meta({ title: 'an exit code from 1 to 255' })

const commandSkill = z.strictObject({
  kind: z.literal('command').describe('A program: items on its standard input, results on its standard output.'),
  command: z
    .union([text, z.array(z.string()).min(1)])
    .describe('Templates. A string runs in a shell; a list is a program and its arguments, without a shell.'),
  mode: z
    .enum(['batch', 'lines'])
    .default('batch')
    .describe('batch: a process for each batch. lines: one that stays, and answers each batch, a line of JSON, with a line of JSON.'),
  cwd: text.default('.').describe('Where it runs. Path, relative to the plan.'),
  env: z.record(z.string(), z.string()).default({}).describe('Environment variables beside ours. Templates, by name.'),
  stdin: format
    .default('jsonl')
    .describe('With mode batch. jsonl: a line of JSON for each item. json: one list. text: a line of text for each item.'),
  stdout: format
    .default('jsonl')
    .describe('With mode batch. jsonl: a line of JSON for each result. json: one document. text: a line of text for each result.'),
  exitCodes: z
    .record(exitCode, errorClass)
    .default({})
    .describe('Error classes by exit code. Default: 75 is transient, 64 to 66, 126 and 127 are critical, others recoverable.'),
  version,
  params,
})

export const skillSchema = z.union([path, functionSkill, httpSkill, commandSkill])

export type SkillWritten = z.output<typeof skillSchema>
export type SkillInput = z.input<typeof skillSchema>
export type HttpInput = z.input<typeof httpSkill>
