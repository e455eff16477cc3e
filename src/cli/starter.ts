/** What `troupe init` writes, by the names of the files: they run as they are. */
export const starterFiles = (schema: string): Record<string, string> => ({
  'plan.yaml': PLAN,
  'skill.mjs': SKILL,
  'plan.schema.json': schema,
})

const PLAN = `# yaml-language-server: $schema=./plan.schema.json
# A plan: what is run, over which items, at which sizes. All keys: troupe schema
#
#   troupe plan plan.yaml      checks it, and prints what would run
#   troupe run plan.yaml       runs it; after a crash or Ctrl-C the same command goes on
#   troupe list                shows all runs
#   troupe results RUN         prints what the skill returned

name: starter

# A module that default-exports: async (items, context) => results
skill: ./skill.mjs

# Items are { index, value } with a value from 0 to 1, the same for the same seed.
# Yours may come from a file: { file: ./items.jsonl }, or a module: { module: ./items.mjs }
input:
  generator: uniform
  seed: 1

# Three scenarios: 100, 300 and 800 items.
baseSize: 100
scaling: exponential

# milestone: scenarios wait for each other at 30, 70 and 100 %. For timings use free.
sync:
  mode: milestone

scenarios:
  simple: {}
  medium: {}
  complex:
    # The verdict is fail if the mean quality is lower.
    expectedQuality: 0.8
`

const SKILL = `// A skill takes a batch of items and returns one result for each, in their order.
// Put your own work here: a model, an endpoint, a command. Only transient errors are tried again.

export default async function skill(items, { signal, log }) {
  // Aborted on time-out, cancel and Ctrl-C: hand it to fetch and the like.
  signal.throwIfAborted()
  const results = items.map(({ index, value }) => ({ index, root: Math.sqrt(value) }))
  // 0..1: how good this batch is. Leave it out, and no quality is reported.
  const right = results.filter(({ root }, i) => Math.abs(root * root - items[i].value) < 1e-9)
  const quality = right.length / items.length
  log(\`\${items.length} items\`) // seen with --verbose
  return { results, quality }
}
`
