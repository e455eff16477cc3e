import { cp, readFile, writeFile } from 'node:fs/promises'
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
    async 'build:done'() {
      await cp('src/persistence/migrations', 'dist/migrations', { recursive: true })
      await standAlone('dist/index.d.ts')
    },
  },
})

/**
 * Makes the types compile in a strict project without types of Node: the bundler leaves an import of the driver's types behind that nothing uses,
 * and `AsyncDisposable` is in no `lib` below `esnext`.
 */
async function standAlone(types: string) {
  const text = await readFile(types, 'utf8')
  await writeFile(types, `/// <reference lib="esnext.disposable" />\n${text.replace('import "postgres";\n', '')}`)
}
