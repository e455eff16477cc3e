import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory with `files` in it and a skill.mjs, removed after the test. */
export function directoryWith(files: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-plan-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries({ 'skill.mjs': 'export default async (items) => items\n', ...files })) {
    writeFileSync(join(directory, name), text)
  }
  return directory
}
