import { execFileSync } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { startEmbedded } from '../../src/persistence/embedded.ts'

/** Puts a stopped cluster into `directory`, a `.troupe` that is not there yet: a copy of the suite's, which costs a fraction of one that is made. */
export async function copyCluster(directory: string) {
  const made = inject('cluster')
  // Where a server cannot reach the suite's directory, its data lie elsewhere, and only a link to them would be copied.
  if (lstatSync(join(made, 'postgres')).isSymbolicLink()) await (await startEmbedded({ directory })).release()
  // With their owner, which is not the user where that is root.
  else execFileSync('cp', ['-a', made, directory])
}
