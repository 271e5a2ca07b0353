/** What the kernel counts of memory management. Source: node_exporter, collector/vmstat_linux.go. */
import { type Family, family } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

/** What node_exporter shows by default of some 150. */
const FIELDS = /^(oom_kill|pgpg|pswp|pg.*fault)/;

export async function collectVmstat(host: Host): Promise<readonly Family[]> {
  return parseVmstat(await host.proc('vmstat'));
}

export function parseVmstat(vmstat: string): readonly Family[] {
  return linesOf(vmstat).flatMap((line) => {
    const [field = '', value] = columnsOf(line);
    if (!FIELDS.test(field)) return [];
    const help = `/proc/vmstat information field ${field}.`;
    return [family('untyped', `node_vmstat_${field}`, help, numberOf(value, `/proc/vmstat ${field}`))];
  });
}
