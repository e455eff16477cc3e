import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** Tells whether a host is this machine: `localhost`, 127.0.0.0/8, ::1, or the address that stands for all of its own. */
export function isLoopback({ hostname }: URL): boolean {
  const host = bare(hostname)
  return /^(.+\.)?localhost$/.test(host) || /^(127(\.\d+){3}|0\.0\.0\.0|::1?|::ffff:7f[0-9a-f]{2}:[0-9a-f]+)$/.test(host)
}

/**
 * Tells whether `NO_PROXY` names the host of an address. Its entries stand between commas or spaces: a name stands for its subdomains too, with or without
 * `.` or `*.` before it; an address may be a network (`10.0.0.0/8`); a port may follow; `*` is every host. Names are not resolved.
 */
export function isExcepted({ hostname, port, protocol }: URL, exceptions: string): boolean {
  const host = bare(hostname)
  const asked = Number(port) || (protocol === 'https:' ? 443 : 80)
  return exceptions
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => {
      const { name, only } = partsOf(entry)
      return (only === undefined || only === asked) && (name === '*' || isWithin(host, name) || isNamed(host, name))
    })
}

/** An address of IPv6 has colons itself: before a port it stands in brackets. */
function partsOf(entry: string): { name: string; only?: number } {
  if (isIP(entry) !== 0) return { name: entry }
  const [, name, port] = /^(.+):(\d+)$/.exec(entry) ?? []
  return name === undefined ? { name: entry } : { name, only: Number(port) }
}

function isWithin(host: string, entry: string): boolean {
  const [, network = '', bits] = /^(.+)\/(\d+)$/.exec(entry) ?? []
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || Number(bits) > (family === 4 ? 32 : 128)) return false
  const version = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, Number(bits), version)
  return list.check(host, version)
}

function isNamed(host: string, entry: string): boolean {
  const name = canonical(entry)
  return name !== '' && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)))
}

/** Writes a host as `URL` writes it. */
function canonical(entry: string): string {
  const address = entry.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) === 6) return bare(URL.parse(`http://[${address}]`)?.hostname ?? '')
  return bare(domainToASCII(entry.replace(/^\*?\./, '')))
}

/** Takes away brackets, and the dot that may end a whole name. */
const bare = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
