import { access, constants, readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { EmbeddedStartError } from '../../errors.ts'

export interface User {
  uid: number
  gid: number
}

/** As whom the server runs. PostgreSQL refuses to run as root. */
export type Account =
  | { kind: 'self' }
  /** Another user, who can reach all that he needs. */
  | ({ kind: 'user' } & User)
  /** Another user, with the capability to search and read what is root's. */
  | ({ kind: 'capable'; setpriv: string } & User)

/** How to spawn a program of PostgreSQL as `account`. */
export function commandAs(
  account: Account,
  program: string,
  args: readonly string[],
): { file: string; args: string[]; options: Partial<User> } {
  if (account.kind === 'self') return { file: program, args: [...args], options: {} }
  const { uid, gid } = account
  if (account.kind === 'user') return { file: program, args: [...args], options: { uid, gid } }
  const privileges = [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    // Without this the kernel's access(2), by which initdb looks for its neighbours, leaves capabilities out of account.
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    '--',
  ]
  return { file: account.setpriv, args: [...privileges, program, ...args], options: {} }
}

/**
 * The user for root's server: who owns the data, else `postgres`, else `nobody`.
 * @throws {EmbeddedStartError} None of them exists.
 */
export async function findUser(owner: User | undefined): Promise<User> {
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'))
  if (owner) return { uid: owner.uid, gid: Number(users.find(([, , uid]) => Number(uid) === owner.uid)?.[3] ?? owner.gid) }
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? []
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new EmbeddedStartError('PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody"', {
    hint: 'Run as an ordinary user, or make one for the database: useradd --system postgres',
  })
}

/** Whether `user` may search every one of `directories` and all that is above them, by the permissions of the files alone. */
export async function canReach(user: User, directories: readonly string[]): Promise<boolean> {
  for (let directory of await Promise.all(directories.map((path) => realpath(path)))) {
    for (;;) {
      const { mode, uid, gid } = await stat(directory)
      const needed = uid === user.uid ? constants.S_IXUSR : gid === user.gid ? constants.S_IXGRP : constants.S_IXOTH
      if (!(mode & needed)) return false
      if (directory === dirname(directory)) break
      directory = dirname(directory)
    }
  }
  return true
}

/** The path of `setpriv`, if this process may hand on the capability to read what is root's (in most containers it may not). */
export async function findSetpriv(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const has = (set: string, bit: bigint) => (BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? 0}`) >> bit) & 1n
  const CAP_DAC_READ_SEARCH = 2n
  const CAP_SETPCAP = 8n
  if (!has('CapPrm', CAP_DAC_READ_SEARCH) || !has('CapBnd', CAP_DAC_READ_SEARCH) || !has('CapEff', CAP_SETPCAP)) return undefined
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin']) {
    const file = join(directory, 'setpriv')
    const runs = access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (await runs) return file
  }
  return undefined
}
