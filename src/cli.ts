#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { hearSignals } from './cli/interrupt.ts'
import { answerToOurName } from './itself.ts'

hearSignals()
enableCompileCache()
answerToOurName()
void import('./cli/main.ts').then(({ runProgram }) => runProgram(process.argv.slice(2)))
