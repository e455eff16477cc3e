import { cp } from 'node:fs/promises'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    // Started or imported by their address, so each is a file of its own, beside whoever names it.
    workerProcess: 'src/skills/workerProcess.ts',
    watchdog: 'src/skills/watchdog.ts',
    commandSkill: 'src/skills/commandSkill.ts',
    'input/input': 'src/input/input.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  dts: { entry: ['src/index.ts'] },
  fixedExtension: false,
  hash: false,
  clean: true,
  hooks: {
    'build:done': () => cp('src/persistence/migrations', 'dist/migrations', { recursive: true }),
  },
})
