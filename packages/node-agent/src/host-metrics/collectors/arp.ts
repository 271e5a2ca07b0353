/** Neighbours by their hardware addresses. Source: node_exporter, collector/arp_linux.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf } from '../proc-text.ts';

export async function collectArp(host: Host): Promise<readonly Family[]> {
  return parseArp(await host.net('arp'));
}

/** A row for each entry, with its device last. */
export function parseArp(text: string): readonly Family[] {
  const entries = new Map<string, number>();
  for (const line of linesOf(text).slice(1)) {
    const device = columnsOf(line).at(-1) ?? '';
    entries.set(device, (entries.get(device) ?? 0) + 1);
  }
  const samples = Array.from(entries, ([device, value]) => ({ labels: [['device', device]] as const, value }));
  return [gauge('node_arp_entries', 'ARP entries by device', samples)];
}
