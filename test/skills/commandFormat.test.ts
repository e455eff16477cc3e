import { expect, test } from 'vitest'
import { readResults, writeItems } from '../../src/skills/commandFormat.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test.for([
  ['jsonl', [1, 'a\nb', { c: null }], '1\n"a\\nb"\n{"c":null}\n'],
  ['json', [1, 'a\nb'], '[1,"a\\nb"]\n'],
  ['text', ['a b', '', '"'], 'a b\n\n"\n'],
  ['text', [1, { a: ['\n'] }, null], '1\n{"a":["\\n"]}\nnull\n'],
] as const)('items are written as %s: %j', ([format, items, expected]) => {
  expect(writeItems(format, items)).toBe(expected)
})

test.for([
  ['text', 'a\nb', 'Item 1 of the batch has a line break, which with stdin: text would make two items of it'],
  ['text', 'a\rb', 'Item 1 of the batch has a line break, which with stdin: text would make two items of it'],
  ['jsonl', 1n, 'Item 1 of the batch cannot be written as JSON: Do not know how to serialize a BigInt'],
] as const)('an item that %s cannot hold is refused: %s', ([format, item, message]) => {
  expect(() => writeItems(format, ['fine', item])).toThrow(expect.objectContaining({ code: 'COMMAND_INPUT', class: 'critical', message }))
})

test.for([
  ['jsonl', '1\n\n  \r\n{"a":2}', [1, { a: 2 }]],
  ['jsonl', '', []],
  ['json', ' [1,\n2]\n', [1, 2]],
  ['json', '{"results":[1]}', { results: [1] }],
  ['text', 'a\r\nb\n', ['a', 'b']],
  ['text', 'a\n\nb', ['a', '', 'b']],
  ['text', '\n', ['']],
  ['text', '', []],
] as const)('results are read from %s: %j', ([format, output, expected]) => {
  expect(readResults(format, bytes(output))).toEqual(expected)
})

test.for([
  ['jsonl', bytes('1\nwell\n'), 'Line 2 of the command\'s output is no JSON: "well"'],
  ['json', bytes(' \n'), 'The output of the command is no JSON: there is nothing'],
  ['text', Uint8Array.of(0x61, 0xff), 'The command wrote something to its standard output that is no UTF-8'],
] as const)('output that is no %s is told: %s', ([format, output, message]) => {
  expect(() => readResults(format, output)).toThrow(expect.objectContaining({ code: 'RESULT_SHAPE', class: 'critical', message }))
})
