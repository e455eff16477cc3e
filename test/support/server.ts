export interface Server {
  host: string
  port: number
  user: string
  password?: string
}

/** Names a database of a server for any process. */
export function urlOf({ host, port, user, password }: Server, database: string): string {
  const secret = password ? `:${encodeURIComponent(password)}` : ''
  return host.startsWith('/')
    ? `postgres://${user}${secret}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
    : `postgres://${user}${secret}@${host}:${port}/${database}`
}
