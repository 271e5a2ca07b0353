/** Load averages. Source: node_exporter, collector/loadavg.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, numberOf } from '../proc-text.ts';

export async function collectLoad(host: Host): Promise<readonly Family[]> {
  return parseLoad(await host.proc('loadavg'));
}

export function parseLoad(loadavg: string): readonly Family[] {
  const averages = columnsOf(loadavg);
  return [1, 5, 15].map((minutes, i) =>
    gauge(`node_load${minutes}`, `${minutes}m load average.`, numberOf(averages[i], '/proc/loadavg')),
  );
}
