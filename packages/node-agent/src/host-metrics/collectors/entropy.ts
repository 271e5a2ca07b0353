/** What the kernel's random numbers rest on. Source: node_exporter, collector/entropy_linux.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { numberOf } from '../proc-text.ts';

export async function collectEntropy(host: Host): Promise<readonly Family[] | undefined> {
  const available = await host.procIfAny('sys/kernel/random/entropy_avail');
  const pool = await host.procIfAny('sys/kernel/random/poolsize');
  if (available === undefined || pool === undefined) return undefined;
  return [
    gauge('node_entropy_available_bits', 'Bits of available entropy.', numberOf(available, 'entropy_avail')),
    gauge('node_entropy_pool_size_bits', 'Bits of entropy pool.', numberOf(pool, 'poolsize')),
  ];
}
