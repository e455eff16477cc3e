import { expect, test } from 'vitest'
import { asUrlPart, compileTemplate, compileText } from '../../src/skills/render.ts'

const scope = { item: { name: 'Lázaro & Co', tags: ['a', 'b'], deep: { n: 1 }, none: null }, params: { model: 'small' } }

test.for<[unknown, unknown]>([
  ['${item}', scope.item],
  ['${item.tags}', ['a', 'b']],
  ['${ item.deep.n }', 1],
  ['${item.tags.1}', 'b'],
  ['${item.tags.length}', 2],
  ['${item.nobody}', null],
  ['${item.none}', null],
  ['${item.name.length}', null],
  ['${item.constructor}', null],
  ['${item.tags.map}', null],
  ['${item.deep.__proto__}', null],
  ['${toString}', null],
  ['a ${item.name} of ${params.model}', 'a Lázaro & Co of small'],
  ['${item.deep}, ${item.none}, ${item.deep.n}', '{"n":1}, null, 1'],
  ['$${item}', '${item}'],
  ['$${ ${params.model} $$', '${ small $$'],
  ['', ''],
  ['plain', 'plain'],
  [
    { a: ['${item.deep}', 7, { b: '${params.model}' }], '${params.model}': true, c: 'x', d: '$${' },
    { a: [{ n: 1 }, 7, { b: 'small' }], '${params.model}': true, c: 'x', d: '${' },
  ],
])('%j becomes %j', ([template, expected]) => {
  expect(compileTemplate(template as never)(scope)).toEqual(expected)
})

test('what a template gives is the value itself, and what holds no places is not copied', () => {
  expect(compileTemplate('${item.deep}')(scope)).toBe(scope.item.deep)
  const plain = { a: [1, 'x'] }
  expect(compileTemplate(plain)(scope)).toBe(plain)
  const holder = compileTemplate({ plain, model: '${params.model}' })(scope) as { plain: unknown }
  expect(holder.plain).toBe(plain)
})

test('a value that is missing inside of a text is an error that names its place', () => {
  expect(() => compileTemplate({ a: 'id ${item.id}' })(scope)).toThrow(
    expect.objectContaining({
      code: 'TEMPLATE',
      class: 'critical',
      message: '${item.id} has no value, and stands inside of a text',
    }),
  )
  expect(() => compileText('${item.id}')(scope)).toThrow('${item.id} has no value')
  expect(compileText('${item.deep}')(scope)).toBe('{"n":1}')
})

test('a place that is none is found when the template is parsed', () => {
  expect(() => compileTemplate(['${item name}'])).toThrow(SyntaxError)
})

test('the environment is read when it is rendered, and its values are not named', () => {
  const alone = compileTemplate('${env:RENDER_TEST}')
  const within = compileText('Bearer ${env:RENDER_TEST}')
  delete process.env.RENDER_TEST
  expect(alone(scope)).toBeNull()
  expect(() => within(scope)).toThrow('The environment variable RENDER_TEST is not set')
  process.env.RENDER_TEST = 'first'
  expect([alone(scope), within(scope)]).toEqual(['first', 'Bearer first'])
  process.env.RENDER_TEST = 'second'
  expect([alone(scope), within(scope)]).toEqual(['second', 'Bearer second'])
  delete process.env.RENDER_TEST
})

test('values in URLs are escaped, whatever they are', () => {
  const render = compileText('http://h/${item.name}?t=${item.tags}&n=${item.deep.n}', { escape: asUrlPart })
  expect(render(scope)).toBe('http://h/L%C3%A1zaro%20%26%20Co?t=%5B%22a%22%2C%22b%22%5D&n=1')
  expect(compileText('a/${item}', { escape: asUrlPart })({ item: '\ud800' })).toBe('a/%EF%BF%BD')
})

test('what a text begins with may be escaped in another way', () => {
  const render = compileText('${a}/${a}', { escape: asUrlPart, escapeFirst: String })
  expect(render({ a: 'http://h' })).toBe('http://h/http%3A%2F%2Fh')
})
