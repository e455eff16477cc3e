import { describe, expect, test } from 'vitest'
import { proxyFor } from '../../src/skills/proxies.ts'

const of = (url: string, environment: Record<string, string>) => proxyFor(new URL(url), environment)

describe('which proxy (case 21)', () => {
  test.for<[string, Record<string, string>, string | undefined]>([
    ['http://a.example', {}, undefined],
    ['http://a.example', { HTTP_PROXY: 'http://p:1' }, 'http://p:1'],
    ['http://a.example', { HTTP_PROXY: 'http://p:1', http_proxy: 'http://q:2' }, 'http://q:2'],
    ['http://a.example', { HTTP_PROXY: 'http://p:1', http_proxy: '' }, undefined],
    ['http://a.example', { HTTPS_PROXY: 'http://p:1', ALL_PROXY: 'http://p:1' }, undefined],
    ['https://a.example', { HTTPS_PROXY: 'https://p:1', HTTP_PROXY: 'http://q:2' }, 'https://p:1'],
    ['https://a.example', { HTTP_PROXY: 'http://q:2' }, 'http://q:2'],
    ['https://a.example', { https_proxy: ' ', HTTPS_PROXY: 'http://p:1' }, undefined],
    ['http://a.example', { HTTP_PROXY: 'p.example:3128' }, 'http://p.example:3128'],
    ['http://a.example', { HTTP_PROXY: 'me:word@p.example:3128/' }, 'http://p.example:3128'],
    ['http://a.example', { HTTP_PROXY: 'http://[::1]:3128' }, 'http://[::1]:3128'],
  ])('%s with %j: %s', ([url, environment, expected]) => {
    expect(of(url, environment)?.origin).toBe(expected)
  })

  test.for<[string, string | undefined]>([
    ['http://p:1', undefined],
    // me:p@ss:word, as it was meant
    ['http://me:p%40ss%3Aword@p:1', 'Basic bWU6cEBzczp3b3Jk'],
    // The same, as some write it.
    ['me:p@ss:word@p:1', 'Basic bWU6cEBzczp3b3Jk'],
    // me:
    ['http://me@p:1', 'Basic bWU6'],
    // me:5%
    ['http://me:5%@p:1', 'Basic bWU6NSU='],
  ])('%s lets in by %s', ([value, expected]) => {
    expect(of('http://a.example', { http_proxy: value })).toMatchObject({ authorization: expected, name: 'http_proxy' })
  })

  test.for([
    'socks5://me:sesame@h:1',
    'http://me:sesame@',
    'http://h:port:sesame',
    'http://me:se/sa@h:1',
    'http://me:1/sesame@h:1',
    'me:1#sesame@h:1',
    'http:/me:sesame@h:1',
    'sesame word',
  ])('%s names none, and is not shown', (value) => {
    const thrown = (() => {
      try {
        return of('https://a.example', { HTTPS_PROXY: value })
      } catch (error) {
        return error as Error & { hint: string }
      }
    })()
    expect(thrown).toMatchObject({ message: 'The environment variable HTTPS_PROXY names no proxy of http or https', class: 'critical' })
    expect(JSON.stringify([thrown, (thrown as Error).stack])).not.toMatch(/sesame|se\/sa/)
    expect(of('http://a.example', { HTTPS_PROXY: value })).toBeUndefined()
    expect(of('https://a.example', { HTTPS_PROXY: value, NO_PROXY: '*' })).toBeUndefined()
  })
})

describe('hosts that are reached without it (case 21)', () => {
  test.for<[string, string, boolean]>([
    ['http://a.example', 'a.example', false],
    ['http://b.a.example', 'a.example', false],
    ['http://b.a.example', '.a.example', false],
    ['http://a.example', '.a.example', false],
    ['http://b.a.example', '*.a.example', false],
    ['http://ba.example', 'a.example', true],
    ['http://a.example.', 'a.example', false],
    ['http://a.example', 'b.example. a.example.', false],
    ['http://A.example:8080', 'x, A.EXAMPLE:8080', false],
    ['http://a.example', 'a.example:8080', true],
    ['https://a.example', 'a.example:443', false],
    ['http://a.example', 'a.example:443', true],
    ['http://münchen.example', 'MÜNCHEN.example', false],
    ['http://a_b.example', 'a_b.example', false],
    ['http://10.0.0.7', '10.0.0.7', false],
    ['http://10.0.0.7', '0.0.7', true],
    ['http://10.0.0.7:81', '10.0.0.7:81', false],
    ['http://10.0.0.7', '10.0.0.0/8', false],
    ['http://11.0.0.7', '10.0.0.0/8', true],
    ['http://10.0.0.7', '10.0.0.0/33,fd00::/8', true],
    ['http://a.example', '0.0.0.0/0,::/0', true],
    ['http://[fd00::1]', 'fd00::1', false],
    ['http://[fd00::1]', 'FD00:0:0::1', false],
    ['http://[fd00::1]', '[fd00::1]', false],
    ['http://[fd00::1]:81', '[fd00::1]:81', false],
    ['http://[fd00::1]', '[fd00::1]:81', true],
    ['http://[fd00::1]', 'fd00::/8', false],
    ['http://[fd00::1]', 'fd00::2', true],
    ['http://[fd00::1]', 'fd00:', true],
    ['http://a.example', '*', false],
    ['http://a.example', 'x,*', false],
    ['http://a.example', '', true],
    ['http://a.example', ', .,*.,[],/8', true],
    ['http://localhost:3000', '', false],
    ['http://localhost.', '', false],
    ['http://scores.localhost', '', false],
    ['http://127.9.9.9', '', false],
    ['http://127.1', '', false],
    ['http://0.0.0.0:80', '', false],
    ['http://[::1]', '', false],
    ['http://[::]', '', false],
    ['http://[::ffff:127.0.0.1]', '', false],
    ['http://[::12]', '', true],
    ['http://127.example', '', true],
    ['http://notlocalhost', '', true],
  ])('%s with NO_PROXY=%s: by a proxy %s', ([url, exceptions, expected]) => {
    const both = { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1' }
    const origin = expected ? 'http://p:1' : undefined
    expect(of(url, { ...both, NO_PROXY: exceptions })?.origin).toBe(origin)
    expect(of(url, { ...both, no_proxy: exceptions, NO_PROXY: '*' })?.origin).toBe(origin)
  })
})
