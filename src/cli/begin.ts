import { enableCompileCache } from 'node:module'
import { answerToOurName } from '../itself.ts'
import { hearSignals } from './interrupt.ts'

/** Begins the program: signals first, so that none is missed while the rest is loaded. */
export async function begin(args: readonly string[]): Promise<never> {
  hearSignals()
  enableCompileCache()
  answerToOurName()
  const { runProgram } = await import('./main.ts')
  return runProgram(args)
}
