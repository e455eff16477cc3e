import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { cyclesIn, importsOf, readTree, type Import, type Source } from './support/imports.ts'

/** Imports point down only. Within a floor a part knows no other, but for what `PEERS` says. */
const FLOORS: readonly (readonly string[])[] = [
  [
    'plan',
    'clock',
    'itself',
    'moduleSyntax',
    'loadPlace',
    'nodeVersion',
    'printable',
    'errors',
    'redact',
    'environment',
    'shellCommand',
    'waiting',
  ],
  ['persistence', 'input', 'skills', 'measure', 'report'],
  ['machines', 'actors'],
  ['host', 'troupe', 'run', 'inspect'],
  ['cli', 'page', 'index'],
]

/** What a part may know of its own floor: by type alone, or all of it. */
const PEERS: Readonly<Record<string, Readonly<Record<string, 'types' | 'all'>>>> = {
  plan: { errors: 'all', loadPlace: 'all' },
  environment: { redact: 'all' },
  itself: { moduleSyntax: 'all' },
  errors: { shellCommand: 'all' },
  report: { measure: 'all' },
  machines: { actors: 'types' },
  actors: { machines: 'all' },
  run: { host: 'types' },
  troupe: { host: 'all', run: 'all' },
  cli: { index: 'all' },
  index: { page: 'all' },
}

/** What the command line may know beside the public API: there is one redactor for all ways out, one way to write a command, one name of the program. */
const KEPT_FROM_SCREENS: readonly string[] = ['itself', 'nodeVersion', 'redact', 'environment', 'printable', 'shellCommand', 'waiting']

const MAX_LINES = 300
const NO_NAME = /(^|\/)(utils?|types?|helpers?|common|misc|shared|lib)(\.ts$|\/)/

/** What is wrong and known. To be paid off, never to be added to. */
const DEBTS: readonly string[] = [
  // They are public, but the index would load everything before the first line is printed.
  ...['db', 'errorText', 'init', 'printReport', 'results', 'usageError', 'withTroupe'].map(
    (name) => `src/cli/${name}.ts imports src/errors.ts: the command line uses the public API alone`,
  ),
  'src/cli/foreground.ts imports src/clock.ts: the command line uses the public API alone',
  'src/errors.ts has more than 300 lines',
  'src/troupe.ts has more than 300 lines',
]

/** The part of the source that a file belongs to: its folder in `src`, or its name there. */
const partOf = (path: string) => /^src\/([^/.]+)/.exec(path)?.[1] ?? path
const floorOf = (part: string) => FLOORS.findIndex((parts) => parts.includes(part))

function complaint({ from, to, typeOnly }: Import): string | null {
  const [lower, upper] = [partOf(to), partOf(from)]
  if (lower === upper) return null
  const says = `${from} imports ${typeOnly ? 'a type of ' : ''}${to}`
  if (!to.startsWith('src/')) return `${says}: that is outside of src`
  if (floorOf(lower) < 0) return `${says}: ${lower} is on no floor`
  if (upper === 'cli' && KEPT_FROM_SCREENS.includes(lower)) return null
  if (upper === 'cli') return lower === 'index' ? null : `${says}: the command line uses the public API alone`
  if (floorOf(lower) < floorOf(upper)) return null
  if (floorOf(lower) > floorOf(upper)) return `${says}: that points up`
  const allowed = PEERS[upper]?.[lower]
  if (allowed === 'all' || (allowed === 'types' && typeOnly)) return null
  return allowed === 'types' ? `${says}: only its types` : `${says}: that is a peer`
}

/** Everything that is wrong with a tree, in words. */
function complaints(sources: readonly Source[]): string[] {
  const imports = sources.flatMap(importsOf)
  const known = new Set(sources.map(({ path }) => path))
  return [
    ...sources.filter(({ path }) => floorOf(partOf(path)) < 0).map(({ path }) => `${path} is on no floor`),
    ...imports.flatMap((i) => complaint(i) ?? []),
    ...imports
      .filter(({ to }) => to.startsWith('src/') && /\.tsx?$/.test(to) && !known.has(to))
      .map(({ from, to }) => `${from} imports ${to}: there is none`),
    ...cyclesIn(imports).map((ring) => `${ring.join(' → ')} → ${ring[0]}: that is a cycle`),
    ...sources.filter(({ path }) => NO_NAME.test(path)).map(({ path }) => `${path}: a name that says nothing`),
    ...sources.flatMap(({ path, text }) => {
      return text.split('\n').length - 1 > MAX_LINES ? [`${path} has more than ${MAX_LINES} lines`] : []
    }),
  ]
}

const file = (path: string, ...lines: string[]): Source => ({ path, text: `${lines.join('\n')}\n` })
const of = (path: string, ...lines: string[]) => complaints([file(path, ...lines), ...TARGETS.filter((target) => target.path !== path)])
const TARGETS = [
  'src/errors.ts',
  'src/clock.ts',
  'src/plan.ts',
  'src/troupe.ts',
  'src/index.ts',
  'src/actors/lanes.ts',
  'src/machines/barrier.ts',
  'src/machines/scenario.ts',
  'src/input/csv.ts',
  'src/measure/growth.ts',
  'src/skills/skill.ts',
].map((path) => file(path))

test('imports of the sources point down, there is no cycle, no file is too long, and none is called by a name that says nothing', () => {
  const sources = readTree(fileURLToPath(new URL('..', import.meta.url)), 'src')
  expect(sources.length).toBeGreaterThan(50)
  expect(sources.flatMap(importsOf).length).toBeGreaterThan(200)
  expect(complaints(sources).filter((found) => !DEBTS.includes(found))).toEqual([])
})

describe('the check itself', () => {
  test.each([
    [
      'up',
      of('src/persistence/store.ts', "import { openTroupe } from '../troupe.ts'"),
      'src/persistence/store.ts imports src/troupe.ts: that points up',
    ],
    [
      'up by type',
      of('src/input/csv.ts', "import type { Lane } from '../actors/lanes.ts'"),
      'src/input/csv.ts imports a type of src/actors/lanes.ts: that points up',
    ],
    [
      'a peer',
      of('src/input/json.ts', "import { call } from '../skills/skill.ts'"),
      'src/input/json.ts imports src/skills/skill.ts: that is a peer',
    ],
    ['by export', of('src/errors.ts', "export { csv } from './input/csv.ts'"), 'src/errors.ts imports src/input/csv.ts: that points up'],
    ['of everything', of('src/errors.ts', "export * from './input/csv.ts'"), 'src/errors.ts imports src/input/csv.ts: that points up'],
    ['for effect', of('src/errors.ts', "import './input/csv.ts'"), 'src/errors.ts imports src/input/csv.ts: that points up'],
    [
      'at run time',
      of('src/errors.ts', "const load = () => import('./input/csv.ts')"),
      'src/errors.ts imports src/input/csv.ts: that points up',
    ],
    [
      'over several lines',
      of('src/machines/x.ts', 'import {', '  createLane,', '  type Lane,', "} from '../actors/lanes.ts'"),
      'src/machines/x.ts imports src/actors/lanes.ts: only its types',
    ],
    [
      'of an actor by a machine',
      of('src/machines/x.ts', "import { createLane } from '../actors/lanes.ts'"),
      'src/machines/x.ts imports src/actors/lanes.ts: only its types',
    ],
    [
      'past the public API',
      of('src/cli/run.ts', "import type { Plan } from '../plan.ts'"),
      'src/cli/run.ts imports a type of src/plan.ts: the command line uses the public API alone',
    ],
    [
      'of the command line past it',
      of('src/cli.ts', "const { plan } = await import('./plan.ts')"),
      'src/cli.ts imports src/plan.ts: the command line uses the public API alone',
    ],
    [
      'out of src',
      of('src/troupe.ts', "import { world } from '../test/world.ts'"),
      'src/troupe.ts imports test/world.ts: that is outside of src',
    ],
    [
      'of nothing',
      of('src/troupe.ts', "import { gone } from './errors/gone.ts'"),
      'src/troupe.ts imports src/errors/gone.ts: there is none',
    ],
    ['on no floor', of('src/attic/box.ts'), 'src/attic/box.ts is on no floor'],
    ['without a name', of('src/input/utils.ts'), 'src/input/utils.ts: a name that says nothing'],
    ['without a name', of('src/input/types.ts'), 'src/input/types.ts: a name that says nothing'],
    ['too long', of('src/input/long.ts', ...Array.from({ length: 301 }, () => '//')), 'src/input/long.ts has more than 300 lines'],
  ])('sees an import %s', (_what, found, expected) => {
    expect(found).toEqual([expected])
  })

  test('sees cycles, once each, but none that are of types alone', () => {
    const ring = (kind: string) => [
      file('src/input/a.ts', `import ${kind}{ b } from './b.ts'`),
      file('src/input/b.ts', "import { c } from './c.ts'"),
      file('src/input/c.ts', "import { a } from './a.ts'", "import { b } from './b.ts'"),
    ]
    expect(complaints(ring(''))).toEqual([
      'src/input/a.ts → src/input/b.ts → src/input/c.ts → src/input/a.ts: that is a cycle',
      'src/input/b.ts → src/input/c.ts → src/input/b.ts: that is a cycle',
    ])
    expect(complaints(ring('type '))).toEqual(['src/input/b.ts → src/input/c.ts → src/input/b.ts: that is a cycle'])
  })

  test('lets pass what is allowed', () => {
    expect(
      of('src/machines/x.ts', "import type { Lane } from '../actors/lanes.ts'", "import { type A, type B } from '../actors/lanes.ts'"),
    ).toEqual([])
    expect(of('src/report/html.ts', "import { growth } from '../measure/growth.ts'", "import { z } from 'zod'")).toEqual([])
    expect(of('src/cli/run.ts', "import { openTroupe } from '../index.ts'", "// import { plan } from '../plan.ts'")).toEqual([])
    expect(
      of('src/troupe.ts', "import { barrier } from './machines/barrier.ts'", 'const type = 5', "/* import x from '../y.ts' */"),
    ).toEqual([])
    expect(of('src/input/long.ts', ...Array.from({ length: 300 }, () => '//'))).toEqual([])
  })
})
