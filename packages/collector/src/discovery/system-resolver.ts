/** The resolver of this host, for DNS discovery. */
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { DnsResolver } from './dns-discovery.ts';
import { parseResolvConf, searching } from './search-path.ts';

const RESOLV_CONF = '/etc/resolv.conf';

export function systemResolver(): DnsResolver {
  const readPath = async () => parseResolvConf(await readFile(RESOLV_CONF, 'utf8').catch(() => ''));
  return searching(new Resolver(), readPath);
}
