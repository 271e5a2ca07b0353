/** From the host of a target to the address that is probed. Source: blackbox_exporter, prober/utils.go. */
import { isIP } from 'node:net';
import type { Clock } from '@vigie/core/clock';
import { untilAborted } from '@vigie/core/until-aborted';
import type { AddressChoice } from './probe-module.ts';
import { type ProbeContext, stopwatch } from './prober.ts';

export interface ProbeAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Every address of a name, as this host resolves it; an address is its own. */
export type Lookup = (host: string) => Promise<readonly ProbeAddress[]>;

/** What follows a host in a target. */
export interface TargetParts {
  readonly host: string;
  /** '' where there is none. */
  readonly port: string;
}

/** `HOST:PORT`, `[ADDRESS]:PORT`, or a host alone.
 *  @returns undefined where it is neither */
export function splitTarget(target: string): TargetParts | undefined {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(target) ?? [];
  const host = bracketed ?? plain ?? (isIP(target) === 6 ? target : undefined);
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port };
}

/** Tells how long it took, and of which protocol the address is.
 *  @returns also how long it took
 *  @throws where there is no address; the signal's reason */
export async function chooseAddress(
  host: string,
  choice: AddressChoice,
  { samples, log, signal }: ProbeContext,
  { lookup, clock }: { readonly lookup: Lookup; readonly clock: Pick<Clock, 'monotonicMs'> },
): Promise<ProbeAddress & { readonly seconds: number }> {
  samples.begin('ipProtocol', 'lookupTime', 'ipHash');
  log.info('Resolving target address', { target: host, ip_protocol: choice.preferred });
  const elapsed = stopwatch(clock);
  let found: readonly ProbeAddress[];
  try {
    // The system's resolver cannot be told to stop.
    found = await untilAborted(lookup(host), signal);
  } finally {
    samples.set('lookupTime', elapsed());
  }
  const wanted = choice.preferred === 'ip6' ? 6 : 4;
  const chosen = found.find(({ family }) => family === wanted) ?? (choice.fallback ? found[0] : undefined);
  if (chosen === undefined) throw new Error(`${host} has no address of ${choice.preferred}`);
  log.info('Resolved target address', { target: host, ip: chosen.address });
  samples.set('ipProtocol', chosen.family);
  samples.set('ipHash', hashOf(chosen));
  return { ...chosen, seconds: elapsed() };
}

/** FNV-1a of its bytes, 32 bits. */
function hashOf({ address, family }: ProbeAddress): number {
  let hash = 0x811c9dc5;
  for (const byte of family === 4 ? address.split('.').map(Number) : bytesOfIpv6(address)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

/** @param address without a zone that it may have */
function bytesOfIpv6(address: string): readonly number[] {
  // The URL writes an IPv4 address at its end as two groups.
  const written = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = written.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...gap, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
