import { expect, test } from 'vitest'
import { readResults } from '../../src/skills/commandFormat.ts'

test.each(['[{"id":2512292042121000001}]', '[9007199254740993]', '[1e400]', '[-1e999]', '[0.1234567890123456789]'])(
  'the output %s is refused: a number would be another (case 4)',
  (text) => {
    expect(() => readResults('json', Buffer.from(text))).toThrow('let it be written as a text')
  },
)

test.each(['[9007199254740992]', '["2512292042121000001"]', '[0.1]', '[1e21]', '[100000000000000000000]', '[-0]'])(
  'the output %s is read (case 4)',
  (text) => {
    expect(readResults('json', Buffer.from(text))).toEqual(JSON.parse(text))
  },
)
