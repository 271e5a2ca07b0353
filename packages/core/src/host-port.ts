/** `HOST:PORT`, as in `127.0.0.1:9880`, `[::1]:9880`, `:9880`. */
import { isIP, isIPv4 } from 'node:net';

export interface HostPort {
  /** A name or an address, IPv6 without brackets; empty: every address of this host. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/;

/** @returns undefined when the text is something else, or the port is above 65535 */
export function parseHostPort(text: string): HostPort | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, ipv6, host = ''] = match;
  const port = Number(match[3]);
  if (port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) return undefined;
  return { host: ipv6 ?? host, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether only processes of this host can reach the address.
 *  @param host a name or an address, IPv6 without brackets */
export function isLoopback(host: string): boolean {
  const address = host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
