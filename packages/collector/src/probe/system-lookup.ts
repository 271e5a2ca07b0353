/** The resolver of this host, /etc/hosts included, for probes. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Lookup } from './probe-address.ts';

export const systemLookup: Lookup = async (host) => {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.flatMap(({ address }) => {
    const family = isIP(address);
    return family === 4 || family === 6 ? [{ address, family }] : [];
  });
};
