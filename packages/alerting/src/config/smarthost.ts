/** The server that mail is handed to. Source: Alertmanager, config/config.go, HostPort; Go, net.SplitHostPort. */
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { quoteGo } from '@vigie/core/go-quote';

export interface Smarthost {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  /** A number, or a service's name. */
  readonly port: string;
}

const HOST_PORT = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/;

/** @param text empty for none */
export function readSmarthost(text: string, path: ConfigPath, { findings }: ReadContext): Smarthost | undefined {
  if (text === '') return undefined;
  const [, ipv6, host, port] = HOST_PORT.exec(text) ?? [];
  if (port === undefined) {
    const problem =
      text.includes(':') && !text.endsWith(']') ? 'too many colons in address' : 'missing port in address';
    findings.refuse(path, 'HOST:PORT', `address ${text}: ${problem}`);
    return undefined;
  }
  if (port === '') findings.refuse(path, 'HOST:PORT', `address ${quoteGo(text)}: port cannot be empty`);
  return { host: ipv6 ?? host ?? '', port };
}
