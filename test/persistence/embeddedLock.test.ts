import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lock, tryLock } from '../../src/persistence/embedded/lock.ts'

async function lockFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lock-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return join(directory, 'a.lock')
}

test('shared locks bear each other, an exclusive one bears nobody', async () => {
  const file = await lockFile()
  const one = tryLock(file, 'shared')!
  const two = tryLock(file, 'shared')!
  expect(tryLock(file, 'exclusive')).toBeUndefined()
  one[Symbol.dispose]()
  expect(tryLock(file, 'exclusive')).toBeUndefined()
  two[Symbol.dispose]()
  two[Symbol.dispose]()

  const alone = tryLock(file, 'exclusive')!
  expect(tryLock(file, 'exclusive')).toBeUndefined()
  expect(tryLock(file, 'shared')).toBeUndefined()
  alone[Symbol.dispose]()
  tryLock(file, 'exclusive')![Symbol.dispose]()
})

test('a killed process holds nothing any more, and no warning of it was printed', async () => {
  const file = await lockFile()
  const module = join(import.meta.dirname, '../../src/persistence/embedded/lock.ts')
  const program = `
    import { tryLock } from ${JSON.stringify(module)}
    globalThis.held = tryLock(${JSON.stringify(file)}, 'exclusive')
    console.log(held ? 'held' : 'not held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    holder.kill('SIGKILL')
  })
  let warned = ''
  holder.stderr.on('data', (text) => (warned += String(text)))
  const said = await new Promise((resolve) => holder.stdout.once('data', (text) => resolve(String(text))))
  expect(said).toBe('held\n')
  expect(tryLock(file, 'shared')).toBeUndefined()
  expect(await lock(file, 'exclusive', { deadline: Date.now() })).toBeUndefined()

  const waiting = lock(file, 'exclusive', { deadline: Number.POSITIVE_INFINITY })
  holder.kill('SIGKILL')
  const taken = await waiting
  expect(taken).toBeDefined()
  taken?.[Symbol.dispose]()
  expect(warned).toBe('')
})
