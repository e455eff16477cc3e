import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { databaseSecrets, proxyCredentials, proxySecrets } from '../src/environment.ts'
import { redactDeep, redactor, redactorOf } from '../src/redact.ts'
import { propertyRuns } from './machines/propertyRuns.ts'

test('the values of the named variables are hidden wherever they stand, in JSON and URLs too', () => {
  const redact = redactor(['API_KEY', 'QUOTED'], { API_KEY: 'sk-12345', QUOTED: 'a"b\\c', OTHER: 'stays' })
  expect(redact('GET /?key=sk-12345 stays')).toBe('GET /?key=*** stays')
  expect(redact(JSON.stringify({ message: 'a"b\\c' }))).toBe('{"message":"***"}')
  expect(redact(`GET /?q=${encodeURIComponent('a"b\\c')}`)).toBe('GET /?q=***')
})

test('a value that holds another is hidden as a whole', () => {
  expect(redactor(['A', 'B'], { A: 'secret', B: 'secret-and-more' })('secret-and-more')).toBe('***')
})

test('unset variables and very short values hide nothing', () => {
  expect(redactor(['UNSET', 'SHORT'], { SHORT: 'abc' })('abc undefined')).toBe('abc undefined')
  expect(redactor(['BLANK'], { BLANK: '      ' })('a      b')).toBe('a      b')
})

describe('every form of a secret (case 18)', () => {
  const secret = 'topsecretkey42'
  test.each([
    [
      'with a line break in the variable and none in the text',
      `${secret}\n`,
      `cannot log in with key ${secret}`,
      'cannot log in with key ***',
    ],
    ['a line of several', `-----BEGIN-----\n${secret}\r\nend`, `line ${secret} of it`, 'line *** of it'],
    ['in base64', secret, 'key dG9wc2VjcmV0a2V5NDI=', 'key ***'],
    ['in base64 without padding', secret, 'key dG9wc2VjcmV0a2V5NDI.', 'key ***.'],
    [
      'in base64 of a user and it',
      secret,
      `Basic ${Buffer.from(`bob:${secret}`).toString('base64')}`,
      'Basic Ym9iOn***Q=='.replace('***Q==', '***'),
    ],
    ['in base64 for URLs', 'a?>a?>~~~', 'key YT8-YT8-fn5-', 'key ***'],
    ['in a form', 'my secret&key', 'a=my+secret%26key&b=1', 'a=***&b=1'],
    ['percent-encoded in small letters', 'my/secret?', 'a=my%2fsecret%3f', 'a=***'],
    ['in JSON of ASCII alone', 'schlüssel-42', '{"a":"schl\\u00fcssel-42"}', '{"a":"***"}'],
    ['in JSON within JSON', 'a"secret"b', JSON.stringify(JSON.stringify('a"secret"b')), '"\\"***\\""'],
    ['quoted for a shell', "it's secret", "echo 'it'\\''s secret'", "echo '***'"],
    ['in hex', 'key!', '6b657921 and 6B657921', '*** and ***'],
    ['cut at the end of a line', secret, `… topsecretk\nnext`, '… ***\nnext'],
    ['cut at the beginning of a line', secret, 'a\n  psecretkey42 next', 'a\n  *** next'],
    ['with what a pattern would mean', 'a.c+(d)', 'abc+d a.c+(d)', 'abc+d ***'],
  ])('%s', (_what, value, text, expected) => {
    const redacted = redactorOf([value])(text)
    if (_what.includes('user')) expect(redacted).toMatch(/^Basic Ym9iO\w?\*\*\*\w?=*$/)
    else expect(redacted).toBe(expected)
  })

  test('whatever the secret and whatever is around it', () => {
    const value = fc
      .string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
      .filter((text) => text.trim().length >= 8 && text.isWellFormed())
    const around = fc.stringMatching(/^[a-z ]{0,12}$/)
    fc.assert(
      fc.property(value, around, around, (secret, before, after) => {
        const redact = redactorOf([secret])
        const written = [
          secret,
          secret.trim(),
          JSON.stringify(secret).slice(1, -1),
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64'),
          Buffer.from(secret).toString('base64url'),
        ]
        for (const form of written) expect(redact(`${before}${form}${after}`)).not.toContain(form)
        const inside = Buffer.from(`${before}${secret}${after}`).toString('base64')
        if (Buffer.byteLength(secret.trim()) >= 10) expect(redact(inside)).not.toBe(inside)
      }),
      { numRuns: propertyRuns() },
    )
  })

  test('what is no secret stays, in values of every kind', () => {
    const redact = redactorOf(['topsecretkey42'])
    expect(redactDeep({ a: ['topsecretkey42 ', 1, null, true], topsecretkey42: { b: 'stays' } }, redact)).toEqual({
      a: ['*** ', 1, null, true],
      topsecretkey42: { b: 'stays' },
    })
  })
})

test('the password of a database is a secret, and its URL where that has one (F4)', () => {
  const hidden = (environment: NodeJS.ProcessEnv) => databaseSecrets(['postgres://bob@example.org/scores'], environment)
  expect(hidden({})).toEqual([])
  expect(hidden({ PGPASSWORD: 'opensesame' })).toEqual(['opensesame'])
  expect(hidden({ DATABASE_URL: 'postgres://bob:p%40ss%2Fword@db/scores' })).toEqual([
    'postgres://bob:p%40ss%2Fword@db/scores',
    'p%40ss%2Fword',
    'p@ss/word',
  ])
  expect(hidden({ TROUPE_DATABASE_URL: 'postgres://db/scores?user=bob&password=p%40ssword' })).toEqual([
    'postgres://db/scores?user=bob&password=p%40ssword',
    'p%40ssword',
    'p@ssword',
  ])
})

test('a password that is the name of the user or of the database is hidden with its URL alone', () => {
  expect(databaseSecrets([], { DATABASE_URL: 'postgres://postgres:postgres@db/scores' })).toEqual([
    'postgres://postgres:postgres@db/scores',
    'postgres:postgres@',
  ])
})

test('what lets somebody through a proxy is a secret, in every variable and way of writing (case 21)', () => {
  const both = ['me:p%40ss%2Fword', 'me:p@ss/word', 'p%40ss%2Fword', 'p@ss/word']
  for (const value of ['http://me:p%40ss%2Fword@p.example:3128', ' me:p%40ss%2Fword@p.example', 'socks5://me:p%40ss%2Fword@p.example/']) {
    for (const name of ['HTTP_PROXY', 'https_proxy', 'ALL_PROXY'])
      expect(proxySecrets({ [name]: value }).toSorted()).toEqual(both.toSorted())
  }
  // No URL: a password that is not encoded.
  expect(proxySecrets({ HTTP_PROXY: 'http://me:a/b@c#d@p.example' })).toEqual(['me:a/b@c#d', 'a/b@c#d'])
  // A token in place of a user.
  expect(proxySecrets({ HTTP_PROXY: 'https://tok-4711@p.example' })).toEqual(['tok-4711:', 'tok-4711'])
  expect(proxySecrets({ HTTP_PROXY: 'http://p.example:3128', NO_PROXY: 'me:word@p.example' })).toEqual([])
  // me:sesame-4711
  expect(redactorOf(proxySecrets({ HTTP_PROXY: 'me:sesame-4711@p' }))('Basic bWU6c2VzYW1lLTQ3MTE= of sesame-4711 for me')).toBe(
    'Basic *** of *** for me',
  )
})

test('a password of a proxy that is a name or a common word is hidden with its user alone (case 21)', () => {
  for (const word of ['proxy', 'squid', 'p.example']) {
    expect(proxySecrets({ HTTP_PROXY: `http://squid:${word}@p.example:3128` })).toEqual([`squid:${word}`])
  }
  expect(proxyCredentials({ HTTP_PROXY: 'http://me:word@p', https_proxy: 'http://me:word@q' })).toEqual(['me:word'])
})
