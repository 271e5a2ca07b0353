/** What network packets cost the CPUs. Source: node_exporter, collector/softnet_linux.go, and procfs, net_softnet.go. */
import { counter, type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

/** By their column; older kernels have fewer. */
const STATISTICS = [
  [0, counter, 'node_softnet_processed_total', 'Number of processed packets'],
  [1, counter, 'node_softnet_dropped_total', 'Number of dropped packets'],
  [2, counter, 'node_softnet_times_squeezed_total', 'Number of times processing packets ran out of quota'],
  [
    8,
    counter,
    'node_softnet_cpu_collision_total',
    'Number of collision occur while obtaining device lock while transmitting',
  ],
  [9, counter, 'node_softnet_received_rps_total', 'Number of times cpu woken up received_rps'],
  [10, counter, 'node_softnet_flow_limit_count_total', 'Number of times flow limit has been reached'],
  [11, gauge, 'node_softnet_backlog_len', 'Softnet backlog status'],
] as const;
const CPU_COLUMN = 12;

export async function collectSoftnet(host: Host): Promise<readonly Family[]> {
  return parseSoftnet(await host.net('softnet_stat'));
}

/** A row for each CPU that is there, in hexadecimal. */
export function parseSoftnet(text: string): readonly Family[] {
  const rows = linesOf(text).map(columnsOf);
  const value = (row: readonly string[], column: number): number =>
    numberOf(`0x${row[column] ?? '0'}`, `/proc/net/softnet_stat column ${column}`);
  return STATISTICS.map(([column, make, name, help]) => {
    const samples = rows.map((row, index): Sample => {
      const cpu = row.length > CPU_COLUMN ? value(row, CPU_COLUMN) : index;
      return { labels: [['cpu', String(cpu)]], value: value(row, column) };
    });
    return make(name, help, samples);
  });
}
