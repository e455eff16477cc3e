import { registerHooks } from 'node:module'
import { loadByText } from './moduleSyntax.ts'

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './index.ts' : './index.js', import.meta.url).href

/** From here on, who imports `troupe` in this process gets the very program that runs: a plan or a skill needs none installed beside it. And what is written as a module is one, whatever package.json says. */
export const answerToOurName = () => {
  registerHooks({
    resolve: (specifier, context, next) => (specifier === 'troupe' ? { url: ENTRY, shortCircuit: true } : next(specifier, context)),
    load: loadByText,
  })
}
