import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlace, type Place } from './commandLine.ts'

let place: Place
beforeAll(async () => {
  place = await makePlace()
})
afterAll(() => place.remove())

const COMMANDS =
  'run resume list show status results report pause continue cancel restart breaker fork try plan simulate init schema db'.split(' ')

test('help names every command, on standard output, with exit code 0', async () => {
  const { code, stdout, stderr } = await place.troupe(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.match(/^ {2}([a-z]+) /gm)?.map((name) => name.trim())).toEqual([...COMMANDS, 'help'])
})

test('without arguments it helps as well', async () => {
  const [asked, alone] = await Promise.all([place.troupe(['--help']), place.troupe([])])
  expect(alone).toEqual(asked)
})

test('help loads no command, no plan, no machine and no database', async () => {
  const tell = `import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) { const found = next(name, context); process._rawDebug(found.url); return found } })`
  const { stderr } = await place.troupe(['--help'], { node: ['--import', `data:text/javascript,${encodeURIComponent(tell)}`] })
  const loaded = stderr.split('\n').filter((url) => url.startsWith('file:'))
  const packages = new Set(loaded.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []))
  expect([...packages]).toEqual(['commander'])
  const ours = loaded.flatMap((url) => /\/src\/(.*)$/.exec(url)?.[1] ?? [])
  expect([...new Set(ours)].filter((file) => !file.startsWith('errors/')).toSorted()).toEqual([
    'cli.ts',
    'cli/begin.ts',
    'cli/commands.ts',
    'cli/errorText.ts',
    'cli/interrupt.ts',
    'cli/main.ts',
    'cli/nodeWarnings.ts',
    'cli/streams.ts',
    'cli/usageError.ts',
    'environment.ts',
    'errors.ts',
    'itself.ts',
    'moduleSyntax.ts',
    'nodeVersion.ts',
    'printable.ts',
    'redact.ts',
    'shellCommand.ts',
  ])
})

test.for(COMMANDS)('%s explains itself, with the options of every command', async (name) => {
  const { code, stdout } = await place.troupe([name, '--help'])
  expect(code).toBe(0)
  expect(stdout).toContain(`Usage: troupe ${name}`)
  for (const option of ['--database', '--json', '--quiet', '--verbose', '--version']) expect(stdout).toContain(option)
})

test('options of later versions are not offered', async () => {
  const { stdout } = await place.troupe(['run', '--help'])
  const options = stdout.match(/^ {2}--[a-z-]+/gm)?.map((option) => option.trim())
  const own = [
    '--sync',
    '--order',
    '--only',
    '--size',
    '--limit',
    '--ladder',
    '--id',
    '--new',
    '--retry-failed',
    '--bail',
    '--memory',
    '--events',
    '--report',
    '--format',
  ]
  expect(options).toEqual([...own, '--version', '--database', '--json', '--quiet', '--verbose'])
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  expect(await place.troupe(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})
