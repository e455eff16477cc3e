import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlace, planOf, type Place } from './commandLine.ts'

/** A module that takes its time, until it may go on. */
const slow = (rest: string) => `import { existsSync } from 'node:fs'
const open = new URL('go', import.meta.url)
while (!existsSync(open)) await new Promise((resolve) => setTimeout(resolve, 5))
${rest}`

const SECRET = 'topsecretkey42'
const env = { A_KEY: SECRET }
const scenarios = { only: { size: 3 } }

let place: Place
beforeAll(async () => {
  place = await makePlace({
    'skill.mjs': 'export default (items) => items',
    'plan.json': planOf({ scenarios }),
    'plan.mjs': slow(`export default ${planOf({ scenarios })}`),
    [`${SECRET}.mjs`]: slow('export default [1, 2, 3]'),
    'input.json': planOf({ secrets: ['A_KEY'], input: { module: `./${SECRET}.mjs` }, scenarios }),
    [`skill-${SECRET}.mjs`]: slow('export default (items) => items'),
    'skill.json': planOf({ secrets: ['A_KEY'], skill: `./skill-${SECRET}.mjs`, scenarios }),
  })
})
afterAll(() => place.remove())

/** What a command says while something takes its time; then it may go on. */
async function saidBy(args: string[], pattern: RegExp): Promise<string> {
  const { said, ended } = place.start(args, { env })
  const [line] = await said(pattern)
  await place.write({ go: '' })
  const { code, stdout, stderr } = await ended
  await unlink(join(place.directory, 'go'))
  expect({ code, secret: `${stdout}${stderr}`.includes(SECRET) }).toEqual({ code: 0, secret: false })
  return line.replace(place.directory, '')
}

test('resume says that it loads a plan that takes its time', async () => {
  expect(await place.troupe(['run', 'plan.json', '--id', 'mine'])).toMatchObject({ code: 0 })
  expect(await saidBy(['resume', 'mine', '--plan', 'plan.mjs'], /^loading plan.*$/m)).toBe('loading plan.mjs')
})

test('try says that it loads a plan, reads an input and waits for a skill that takes its time, without secrets', async () => {
  expect(await saidBy(['try', 'plan.mjs'], /^loading plan.*$/m)).toBe('loading plan.mjs')
  expect(await saidBy(['try', 'input.json', '--item', '2'], /^reading .*$/m)).toBe('reading ***.mjs up to item 2')
  expect(await saidBy(['try', 'skill.json'], /^waiting for skill .*$/m)).toBe('waiting for skill /skill-***.mjs')
})

test('plan hides the secrets of its plan in what it says and in what it prints', async () => {
  expect(await saidBy(['plan', 'skill.json'], /^loading skill .*$/m)).toBe('loading skill /skill-***.mjs')
  await place.write({ go: '' })
  const { stdout } = await place.troupe(['plan', 'input.json'], { env })
  expect(stdout).toContain('input: ***.mjs default')
  expect(stdout).not.toContain(SECRET)
})
