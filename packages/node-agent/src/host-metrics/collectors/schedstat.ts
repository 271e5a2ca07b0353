/** What the scheduler gave the CPUs to do. Source: node_exporter, collector/schedstat_linux.go. */
import { counter, type Family, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

/** By their column, and in units of which a second has so many. */
const STATISTICS = [
  [7, 1e9, 'node_schedstat_running_seconds_total', 'Number of seconds CPU spent running a process.'],
  [8, 1e9, 'node_schedstat_waiting_seconds_total', 'Number of seconds spent by processing waiting for this CPU.'],
  [9, 1, 'node_schedstat_timeslices_total', 'Number of timeslices executed by CPU.'],
] as const;

/** @returns undefined where the kernel does not count */
export async function collectSchedstat(host: Host): Promise<readonly Family[] | undefined> {
  const text = await host.procIfAny('schedstat');
  return text === undefined ? undefined : parseSchedstat(text);
}

/** Among others, a line for each CPU: `cpu0 0 0 0 0 0 0 RUNNING WAITING TIMESLICES`. */
export function parseSchedstat(text: string): readonly Family[] {
  const rows = linesOf(text).map(columnsOf);
  const cpus = rows.filter(([head = '']) => /^cpu\d+$/.test(head));
  return STATISTICS.map(([column, unit, name, help]) => {
    const samples = cpus.map(
      (row): Sample => ({
        labels: [['cpu', row[0]?.slice('cpu'.length) ?? '']],
        value: numberOf(row[column], `/proc/schedstat ${row[0]}`) / unit,
      }),
    );
    return counter(name, help, samples);
  });
}
