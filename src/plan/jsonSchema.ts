import { z } from 'zod'
import { planSchema } from './schema.ts'

/** The part of JSON Schema that the schema of plans is made of. */
export interface SchemaNode {
  $ref?: string
  title?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: SchemaNode[]
  properties?: Record<string, SchemaNode>
  additionalProperties?: SchemaNode | boolean
  propertyNames?: SchemaNode
  items?: SchemaNode
  minItems?: number
  minLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
}

/** The JSON Schema (draft 2020-12) of what a user writes, for editors: every key with its description and default. */
export function planJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(planSchema, { target: 'draft-2020-12', io: 'input' })
  return { $schema, title: 'Plan of Troupe', ...schema }
}

/** The node for what lies at `path`; `undefined` where the schema says nothing about it. */
export function nodeAt(schema: SchemaNode, path: readonly PropertyKey[]): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, segment) => node && childOf(node, segment), schema)
}

/** Every key that an object at `node` may have. */
export function keysOf(node: SchemaNode): string[] {
  return [...Object.keys(node.properties ?? {}), ...(node.anyOf ?? []).flatMap(keysOf)]
}

function childOf(node: SchemaNode, segment: PropertyKey): SchemaNode | undefined {
  if (node.anyOf) {
    const children = node.anyOf.map((branch) => childOf(branch, segment)).filter((child) => child !== undefined)
    return children.length > 1 ? { anyOf: children } : children[0]
  }
  if (typeof segment === 'number') return node.items
  const named = node.properties && Object.hasOwn(node.properties, String(segment)) ? node.properties[String(segment)] : undefined
  return named ?? (typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined)
}
