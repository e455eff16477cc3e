#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { hearSignals } from './cli/interrupt.ts'

hearSignals()
enableCompileCache()
void import('./cli/main.ts').then(({ runProgram }) => runProgram(process.argv.slice(2)))
