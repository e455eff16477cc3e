import { createServer, type AddressInfo } from 'node:net'
import { inject, expect, onTestFinished, test } from 'vitest'
import { connect } from '../../src/persistence/connection.ts'
import { deafLine } from '../durability/server.ts'
import { until } from '../support/until.ts'

const { user, password } = inject('server')
const secret = password ? `:${password}` : ''

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a client that is ended while it connects, to a silent server and to several, rejects what waits', async () => {
  const line = await deafLine(`postgres://${user}${secret}@localhost/postgres`)
  line.turnDeaf()
  for (const url of [line.url, line.url.replace(/@([^/]*)/, '@$1,$1')]) {
    const sql = connect({ shown: '', url })
    const asked = sql`select 1`.catch((error: unknown) => error)
    await until('it connects', () => line.open() === 1)
    await sql.end({ timeout: 0 })
    expect(await asked).toMatchObject({ code: 'CONNECTION_DESTROYED' })
    await expect(sql`select 1`).rejects.toMatchObject({ code: 'CONNECTION_ENDED' })
    await until('its socket is gone', () => line.open() === 0)
  }
})

test('of several hosts the next one is tried where one is away', async () => {
  const line = await deafLine(`postgres://${user}${secret}@localhost/postgres`)
  const { host } = new URL(line.url)
  const sql = connect({ shown: '', url: line.url.replace(host, `127.0.0.1:${await closedPort()},${host}`) })
  onTestFinished(() => sql.end({ timeout: 1 }))
  expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }])
})

test('where all of several hosts are away, that is told, once each has been tried, and again', async () => {
  const line = await deafLine(`postgres://${user}${secret}@localhost/postgres`)
  const { host } = new URL(line.url)
  const [first, third] = [await closedPort(), await closedPort()]
  const sql = connect({ shown: '', url: line.url.replace(host, `127.0.0.1:${first},${host},127.0.0.1:${third}`) })
  onTestFinished(() => sql.end({ timeout: 1 }))
  expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }])
  line.goAway()
  for (let n = 0; n < 3; n++)
    await expect(sql`select 1`).rejects.toMatchObject({ code: expect.stringMatching(/^(CONNECTION_CLOSED|ECONNREFUSED)$/) })
})

test('a failure at once is told: a socket of this host that is not there', async () => {
  const sql = connect({ shown: '', options: { host: '/nowhere', port: 1, user: 'u', database: 'd' } })
  onTestFinished(() => sql.end({ timeout: 1 }))
  await expect(sql`select 1`).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a server without TLS is taken as it is with sslmode=prefer', async () => {
  const line = await deafLine(`postgres://${user}${secret}@localhost/postgres`)
  const sql = connect({ shown: '', url: `${line.url}?sslmode=prefer` })
  onTestFinished(() => sql.end({ timeout: 1 }))
  expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }])
})
