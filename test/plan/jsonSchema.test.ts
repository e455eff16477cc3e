import { expect, test } from 'vitest'
import { planJsonSchema } from '../../src/plan.ts'
import type { SchemaNode } from '../../src/plan/jsonSchema.ts'

type Described = SchemaNode & { description?: string; default?: unknown; properties?: Record<string, Described> }

const schema: Described & { $schema?: string; required?: string[] } = planJsonSchema()

test('the schema is of draft 2020-12 and allows itself to be named', () => {
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(schema.properties).toHaveProperty('$schema')
  expect(schema.required).toEqual(['name'])
  expect(schema.additionalProperties).toBe(false)
})

test('every key is described', () => {
  const bare: string[] = []
  const visit = (node: Described, path: string) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (!child.description) bare.push(`${path}${key}`)
      visit(child, `${path}${key}.`)
    }
    for (const branch of node.anyOf ?? []) visit(branch, path)
    if (typeof node.additionalProperties === 'object') visit(node.additionalProperties, `${path}NAME.`)
  }
  visit(schema, '')
  expect(bare).toEqual([])
})

test('defaults are told to editors', () => {
  const defaults = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, node]) => [key, node.default]))
  expect(defaults).toMatchObject({
    baseSize: 100,
    scaling: 'exponential',
    preset: 'controlled',
    batchSize: 10,
    parallel: 1,
    batchTimeoutMs: 30_000,
    graceMs: 1_000,
    milestones: [0, 30, 50, 70, 90, 100],
    order: 'parallel',
    warmupBatches: 1,
    repetitions: 1,
    durability: 'batch',
    window: 4,
    maxResultBytes: 16_777_216,
    shutdownMs: 5_000,
  })
})
