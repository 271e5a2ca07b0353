/** Interrupts, context switches, forks, boot time and run queue. Source: node_exporter, collector/stat_linux.go. */
import { counter, type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

const FIELDS = [
  ['intr', counter, 'node_intr_total', 'Total number of interrupts serviced.'],
  ['ctxt', counter, 'node_context_switches_total', 'Total number of context switches.'],
  ['processes', counter, 'node_forks_total', 'Total number of forks.'],
  ['btime', gauge, 'node_boot_time_seconds', 'Node boot time, in unixtime.'],
  ['procs_running', gauge, 'node_procs_running', 'Number of processes in runnable state.'],
  ['procs_blocked', gauge, 'node_procs_blocked', 'Number of processes blocked waiting for I/O to complete.'],
] as const;

export async function collectStat(host: Host): Promise<readonly Family[]> {
  return parseStat(await host.proc('stat'));
}

export function parseStat(stat: string): readonly Family[] {
  const first = new Map(linesOf(stat).map((line) => [columnsOf(line)[0], columnsOf(line.slice(0, 100))[1]]));
  return FIELDS.flatMap(([field, make, name, help]) => {
    const value = first.get(field);
    return value === undefined ? [] : [make(name, help, numberOf(value, `/proc/stat ${field}`))];
  });
}
