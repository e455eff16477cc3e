import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { knownVersion } from '../../src/persistence/migrate.ts'
import { copyCluster } from '../support/cluster.ts'
import { makePlace, type Ended, type Place, type Started } from '../cli/commandLine.ts'
import { missingIn, shapeOf, transcriptsOf, type Shown } from './transcripts.ts'

let place: Place
beforeEach(async () => {
  place = await makePlace({}, { shared: true })
})
afterEach(() => place.remove())

/** How a command of the page is run, where it is more than to call it: what comes before, how it ends. */
type Staged = Record<string, (args: string[]) => Promise<Ended | void>>

/** Runs the commands of a page in its order, in one directory. @returns every line that the program does not say. */
async function drifted(page: string, staged: Staged = {}): Promise<string[]> {
  const all: string[] = []
  for (const { command, lines } of (await transcriptsOf(page)).filter(isOurs)) {
    const args = await Promise.all(command.split(' ').slice(1).map(present))
    const { stdout, stderr } = (await staged[command]?.(args)) ?? (await place.troupe(args))
    all.push(...missingIn(stdout + stderr, lines).map((line) => `${page}, ${command}: ${line}`))
  }
  return all
}

const isOurs = ({ command }: Shown) => command.startsWith('troupe ')

/** The page's run is the newest one here. */
async function present(arg: string): Promise<string> {
  if (!/^starter-[0-9a-z]{8}$/.test(arg)) return arg
  const [newest] = JSON.parse((await place.troupe(['list', '--json'])).stdout) as { run: string }[]
  return newest!.run
}

const STARTER = ['plan.yaml', 'skill.mjs', 'plan.schema.json']
const removeStarter = async () => {
  await Promise.all(STARTER.map((file) => rm(join(place.directory, file), { force: true })))
}
const writeStarter = async () => {
  await removeStarter()
  await place.troupe(['init'])
}
/** The starter, whose batches take so long. */
const writeSlowStarter = async (ms: number) => {
  await writeStarter()
  await place.write({
    'skill.mjs': `export default async (items) => {
  await new Promise((resolve) => setTimeout(resolve, ${ms}))
  return items.map(({ value }) => Math.sqrt(value))
}
`,
  })
  const plan = await readFile(join(place.directory, 'plan.yaml'), 'utf8')
  await place.write({ 'plan.yaml': plan.replace(/complex:\n[\s\S]*$/, 'complex: {}\n') })
}

/** Ends a command by a signal as soon as it has said that. */
async function endedBy(signal: NodeJS.Signals, args: string[], said: RegExp): Promise<Ended> {
  const started = place.start(args)
  await started.said(said)
  started.process.kill(signal)
  return started.ended
}

test('a line is compared without what differs from run to run', () => {
  expect(shapeOf('06:21:25 medium 50% 150/300 items 4.0s')).toBe(shapeOf('23:59:59 medium 50% 90/100 items 12.5s'))
  expect(shapeOf('run starter-hd5xn5v6 is complete')).toBe(shapeOf('run starter-00000000 is complete'))
  expect(shapeOf('simple    1.1 s')).toBe(shapeOf('simple  728 ms'))
  expect(shapeOf('simple complete')).not.toBe(shapeOf('simple failed'))
  expect(missingIn('a 1\nb …/x\n', ['a 2', 'c'])).toEqual(['c'])
})

test('what docs/failures.md shows is what the program says', async () => {
  expect(await drifted('docs/failures.md')).toEqual([])
})

test('what docs/quickstart.md shows is what the program says', async () => {
  let runs = 0
  const run = async (args: string[]) => {
    runs++
    if (runs === 1) await writeSlowStarter(20)
    if (runs === 1) return endedBy('SIGKILL', args, /complex 30%/)
    return runs === 2 ? endedBy('SIGINT', args, /medium 50%/) : place.troupe(args)
  }
  expect(await drifted('docs/quickstart.md', { 'troupe init': removeStarter, 'troupe run plan.yaml': run })).toEqual([])
})

test('what docs/cli.md shows is what the program says', async () => {
  let live: Started | undefined
  const staged: Staged = {
    'troupe run plan.yaml': async () => {
      await writeSlowStarter(20)
      await endedBy('SIGKILL', ['run', 'plan.yaml', '--new'], /medium 30%/)
    },
    'troupe resume first': async () => {
      await writeStarter()
      await place.troupe(['run', 'plan.yaml', '--id', 'first'])
    },
    'troupe init': removeStarter,
    'troupe list': async () => {
      await writeSlowStarter(20)
      await endedBy('SIGKILL', ['run', 'plan.yaml', '--new'], /medium 30%/)
    },
    'troupe status waiting': async () => {
      const events = (await place.troupe(['run', 'plan.yaml', '--new', '--events'])).stdout.split('\n').slice(0, -1)
      const { sequence } = events
        .map((line) => JSON.parse(line) as { sequence: number; actor: string; data: { pct?: number } })
        .find(({ actor, data }) => actor === 'default/simple' && data.pct === 70)!
      await place.troupe(['fork', await present('starter-00000000'), '--at', String(sequence), '--id', 'waiting'])
      await place.troupe(['pause', 'waiting'])
    },
    'troupe pause live': async () => {
      await writeSlowStarter(1_000)
      live = place.start(['run', 'plan.yaml', '--id', 'live'])
      await live.said(/complex running/)
    },
    'troupe db status': async (args) => {
      live?.process.kill('SIGKILL')
      await live?.ended
      await copyCluster(join(place.directory, '.troupe'))
      return place.troupe([...args, '--database', 'embedded'])
    },
  }
  expect(await drifted('docs/cli.md', staged)).toEqual([])
  expect(await readFile(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')).toContain(
    `up to date, at version ${await knownVersion()}\n`,
  )
})
