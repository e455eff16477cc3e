import type { ErrorClass } from './failureSchemas.ts'
import type { Json } from './model.ts'

/** A skill as everything but the plan's reader sees it: flat JSON, every default filled in. Texts called templates may hold `${…}`. */
export type SkillSpec = FunctionSkill | HttpSkill | CommandSkill

interface Versioned {
  version: string | null
  params: Record<string, Json>
}

export interface FunctionSkill extends Versioned {
  kind: 'function'
  /** Absolute. */
  module: string
  export: string
  isolation: 'process' | 'inline'
}

export interface HttpSkill extends Versioned {
  kind: 'http'
  /** Template. */
  url: string
  mode: 'batch' | 'item'
  method: string
  /** Templates, by name. */
  headers: Record<string, string>
  /** Template; `null`: nothing is sent, or a function makes it. */
  body: Json
  /** Template. */
  result: Json
  /** Requests of one batch at once. */
  concurrency: number
}

export interface CommandSkill extends Versioned {
  kind: 'command'
  /** Templates. One text is for the shell. */
  command: string | string[]
  mode: 'batch' | 'lines'
  /** Absolute. */
  cwd: string
  /** Templates, by name. */
  env: Record<string, string>
  stdin: CommandFormat
  stdout: CommandFormat
  /** By exit code, in decimals. */
  exitCodes: Record<string, ErrorClass>
}

export type CommandFormat = 'jsonl' | 'json' | 'text'
