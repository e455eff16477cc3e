import { readdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { batch, openCommand, options } from './host.ts'

const HOSTILE = [
  '',
  '$(touch bad)',
  '`touch bad`',
  "'; touch bad; '",
  '"; touch bad; "',
  '\'"; touch bad #',
  '; touch bad',
  '\n touch bad \n',
  '| touch bad & touch bad > bad',
  '${bad:=$(touch bad)}',
  "\\'; touch bad; \\'",
  'a  b\t*\\n~ $HOME !! \'c\' "d"',
]

/** Bare, within double quotes, within single ones, in a substitution within double ones, beside letters, and after what looks like a quote. */
const everywhere = (place: string) => `${place} "<${place}>" '<${place}>' "$(printf %s. "${place}")" a${place}b \\"${place} "it's ${place}"`

test('whatever a value is, it stays one word, and the shell runs nothing of it', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'troupe-shell-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  const words = HOSTILE.map((_, i) => everywhere(`$\{params.v.${i}}`)).join(' ')
  const command = `${process.execPath} -p 'JSON.stringify([process.argv.slice(1)])' -- ${words}`
  const { skill } = await openCommand({ cwd, stdout: 'json', command, scenario: { params: { v: HOSTILE } } })
  const { result } = await skill.call(batch(0, [1]), options())
  expect(JSON.parse(result)).toEqual([HOSTILE.flatMap((v) => [v, `<${v}>`, `<${v}>`, `${v}.`, `a${v}b`, `"${v}`, `it's ${v}`])])
  expect(await readdir(cwd)).toEqual([])
})

test.for([
  ["a comment that isn't closed", "# isn't\n printf %s ${params.v}"],
  ['a text that is read on', 'cat <<END\n${params.v}\nEND'],
  ['backticks', 'echo `printf %s "${params.v}"`'],
  ['a pattern', "case x in x) printf '%s' ${params.v};; esac"],
])('also where its quotes are misread, in %s', async ([, command]) => {
  const cwd = await mkdtemp(join(tmpdir(), 'troupe-shell-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  const { skill } = await openCommand({
    cwd,
    stdout: 'text',
    command,
    scenario: { params: { v: '\'"; touch bad; $(touch bad) `touch bad` "\'' } },
  })
  const outcome = await skill.call(batch(0, [1]), options())
  expect(outcome.result).toContain('touch bad')
  expect(await readdir(cwd)).toEqual([])
})
