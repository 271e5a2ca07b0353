/** Every field of /proc/meminfo. Source: node_exporter, collector/meminfo_linux.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

export async function collectMeminfo(host: Host): Promise<readonly Family[]> {
  return parseMeminfo(await host.proc('meminfo'));
}

export function parseMeminfo(meminfo: string): readonly Family[] {
  return linesOf(meminfo).map((line) => {
    const [name = '', value, unit] = columnsOf(line);
    // Active(anon): becomes Active_anon.
    const field = name.replace(/:$/, '').replace(/\((.*)\)/, '_$1');
    const key = unit === 'kB' ? `${field}_bytes` : field;
    const number = numberOf(value, `/proc/meminfo ${name}`);
    return gauge(`node_memory_${key}`, `Memory information field ${key}.`, unit === 'kB' ? number * 1024 : number);
  });
}
