import { expect, test } from 'vitest'
import { parseTemplate } from '../../src/plan.ts'
import { checkCommandSkill } from '../../src/skills/command.ts'
import { shellPlaces } from '../../src/skills/shellPlaces.ts'
import { commandSkill } from './host.ts'

const places = (command: string) => shellPlaces(parseTemplate(command)).text

test.each([
  ['echo $((1 + ${params.n}))', 'arithmetic'],
  ['echo "sum: $(( (2 + 1) * ${params.n} ))"', 'arithmetic'],
  ['((x = ${params.n})) && echo', 'arithmetic'],
  ['for ((i = 0; i < ${params.n}; i++)); do echo; done', 'arithmetic'],
  ['echo $[${params.n} + 1]', 'arithmetic'],
  ['let "x = ${params.n}"', 'arithmetic'],
  ["cat <<END\nit's $((1 + ${params.n}))\nEND", 'arithmetic'],
  ['[ -v ${params.n} ]', 'a test of variables'],
  ['if ! test -v "${params.n}"; then echo; fi', 'a test of variables'],
  ['[[ ${params.n} -gt 3 ]]', 'a test of variables'],
  ['[ ${params.op} ${params.n} ]', 'a test of variables'],
  ['echo "`[[ -v ${params.n} ]]`"', 'a test of variables'],
  ['printf -v "${params.n}" %s x', 'the name or index of a variable'],
  ['declare "${params.n}=1"', 'the name or index of a variable'],
  ['export -n ${params.n}', 'the name or index of a variable'],
  ['declare -i x=${params.n}', 'the name or index of a variable'],
  ['unset ${params.n}', 'the name or index of a variable'],
  ['read -r ${params.n}', 'the name or index of a variable'],
  ['a[${params.n}]=1', 'the name or index of a variable'],
  ['a=(x [${params.n}]=1)', 'the name or index of a variable'],
  ['echo "$${a[${params.n}]}"', 'the name or index of a variable'],
  ['echo $${a:${params.n}:1}', 'the name or index of a variable'],
  ['echo $(true; unset ${params.n})', 'the name or index of a variable'],
])('%s is refused when the plan is checked: it is %s (F12)', async (command, danger) => {
  await expect(checkCommandSkill(commandSkill({ command }))).rejects.toMatchObject({
    code: 'SKILL_LOAD',
    exitCode: 2,
    message: expect.stringContaining(`} in ${danger}, where a shell may run what the value says`),
  })
})

test.each([
  ['echo $((1 + 2)) ${params.n}', 'echo $((1 + 2)) "${TROUPE_VALUE_1}"'],
  ['[ ${params.n} -gt 3 ] && [ -n "${params.n}" ]', '[ "${TROUPE_VALUE_1}" -gt 3 ] && [ -n "${TROUPE_VALUE_2}" ]'],
  ['[[ -v x ]]; echo ${params.n}', '[[ -v x ]]; echo "${TROUPE_VALUE_1}"'],
  ['grep -v ${params.n}', 'grep -v "${TROUPE_VALUE_1}"'],
  ["grep -E '((${params.n})|b)'", "grep -E '(('\"${TROUPE_VALUE_1}\"')|b)'"],
  ['export A=${params.n} B=${params.n}; sort', 'export A="${TROUPE_VALUE_1}" B="${TROUPE_VALUE_2}"; sort'],
  ['echo "$${HOME:-${params.n}}"', 'echo "${HOME:-${TROUPE_VALUE_1}}"'],
  ['expr 1 + ${params.n}', 'expr 1 + "${TROUPE_VALUE_1}"'],
  ['ls file[${params.n}]', 'ls file["${TROUPE_VALUE_1}"]'],
  ['printf "%s" ${params.n} # $((', 'printf "%s" "${TROUPE_VALUE_1}" # $(('],
])('%s is a command like any other (F12)', (command, text) => {
  expect(places(command)).toBe(text)
})
