import { SkillLoadError } from '../errors.ts'
import { type CommandSkill, parseTemplate, type Place } from '../plan.ts'
import { asText, scopeOf, valueAt } from './render.ts'
import { shellPlaces } from './shellPlaces.ts'
import type { SkillContext } from './skill.ts'

/** A command as it is started: one text for the shell, or a program and its arguments. */
export interface RenderedCommand {
  command: string | string[]
  cwd: string
  /** Beside ours. */
  env: Record<string, string>
}

/**
 * A command with what its templates name. Texts are put in as they are, all else as JSON. In a list a value is part of one argument. For the shell
 * it is put into an environment variable, and the variable into the command: whatever the value is, the shell does not read it as a command.
 *
 * @throws {SkillLoadError} if there is nothing in a place.
 */
export function renderCommand(spec: CommandSkill, context: SkillContext): RenderedCommand {
  const env = Object.fromEntries(Object.entries(spec.env).map(([name, text]) => [name, renderText(text, context)]))
  Object.assign(env, told(spec, context))
  if (typeof spec.command !== 'string') return { command: spec.command.map((text) => renderText(text, context)), cwd: spec.cwd, env }
  const { text, values } = shellPlaces(parseTemplate(spec.command))
  if (process.platform === 'win32' && values.length > 0) {
    // cmd.exe puts variables in before it looks for commands.
    throw new SkillLoadError('On Windows a command for the shell cannot name values', { hint: 'Write the command as a list' })
  }
  for (const [name, place] of values) env[name] = valueOf(place, context)
  return { command: text, cwd: spec.cwd, env }
}

/** What every command is told by its environment: one that stays only what stays the same. */
function told({ mode }: CommandSkill, context: SkillContext): Record<string, string> {
  const { run, variant, scenario, difficulty, size, params } = context
  const same = {
    TROUPE_RUN: run,
    TROUPE_VARIANT: variant,
    TROUPE_SCENARIO: scenario,
    TROUPE_DIFFICULTY: difficulty,
    TROUPE_SIZE: String(size),
    TROUPE_PARAMS: JSON.stringify(params),
  }
  if (mode === 'lines') return same
  return {
    ...same,
    TROUPE_REPETITION: String(context.repetition),
    TROUPE_BATCH: String(context.batch),
    TROUPE_ATTEMPT: String(context.attempt),
    TROUPE_IDEMPOTENCY_KEY: context.idempotencyKey,
  }
}

const renderText = (text: string, context: SkillContext) =>
  parseTemplate(text)
    .parts.map((part) => (typeof part === 'string' ? part : valueOf(part, context)))
    .join('')

function valueOf(place: Place, context: SkillContext): string {
  if ('env' in place) {
    const value = process.env[place.env]
    if (value !== undefined) return value
    throw new SkillLoadError(`The environment variable ${place.env} is not set`, { hint: `Set ${place.env} where Troupe is started` })
  }
  const value = valueAt(place, scopeOf(context), () => undefined)
  if (value !== undefined) return asText(value)
  const written = place.path.join('.')
  throw new SkillLoadError(`The command names \${${written}}, and scenario "${context.scenario}" has none`, {
    hint: `Give ${written} in the plan, of the skill or of each scenario`,
  })
}
