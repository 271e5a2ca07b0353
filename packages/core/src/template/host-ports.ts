/** Hosts and ports as Go's net takes them apart. Source: Go 1.26, net/ipsock.go. */
import { isIP } from 'node:net';

/** @returns undefined for what net.SplitHostPort refuses */
function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = text.slice(colon + 1);
  let host = text.slice(0, colon);
  if (text.startsWith('[')) {
    if (!host.endsWith(']')) return undefined;
    host = host.slice(1, -1);
    if (/[[\]]/.test(host) || /[[\]]/.test(port)) return undefined;
    return { host, port };
  }
  return /[:[\]]/.test(host) || /[[\]]/.test(port) ? undefined : { host, port };
}

export function stripPort(hostPort: string): string {
  return splitHostPort(hostPort)?.host ?? hostPort;
}

/** An address stays what it is. */
export function stripDomain(hostPort: string): string {
  const { host, port } = splitHostPort(hostPort) ?? { host: hostPort, port: '' };
  if (isIP(host) !== 0 && !host.includes('%')) return hostPort;
  const name = host.split('.', 1)[0] ?? '';
  if (port === '') return name;
  return /[:%]/.test(name) ? `[${name}]:${port}` : `${name}:${port}`;
}
