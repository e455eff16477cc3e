#!/usr/bin/env node
import { nodeProblem } from './nodeVersion.ts'

const problem = nodeProblem(process.versions.node)
if (problem === null) {
  void import('./cli/begin.ts').then(({ begin }) => begin(process.argv.slice(2)))
} else {
  process.stderr.write(`error: ${problem}\nhint: Install a version of Node that will do: https://nodejs.org\n`)
  process.exitCode = 1
}
