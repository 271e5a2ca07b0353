/** The table of tracked connections. Source: node_exporter, collector/conntrack_linux.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

const STATISTICS = [
  ['found', 'Number of searched entries which were successful.'],
  ['invalid', 'Number of packets seen which can not be tracked.'],
  ['ignore', 'Number of packets seen which are already connected to a conntrack entry.'],
  ['insert', 'Number of entries inserted into the list.'],
  ['insert_failed', 'Number of entries for which list insertion was attempted but failed.'],
  ['drop', 'Number of packets dropped due to conntrack failure.'],
  ['early_drop', 'Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.'],
  ['search_restart', 'Number of conntrack table lookups which had to be restarted due to hashtable resizes.'],
] as const;

/** @returns undefined where nothing is tracked */
export async function collectConntrack(host: Host): Promise<readonly Family[] | undefined> {
  const limit = await host.procIfAny('sys/net/netfilter/nf_conntrack_max');
  const statistics = await host.netIfAny('stat/nf_conntrack');
  if (limit === undefined || statistics === undefined) return undefined;
  return [
    gauge(
      'node_nf_conntrack_entries_limit',
      'Maximum size of connection tracking table.',
      numberOf(limit, 'nf_conntrack_max'),
    ),
    ...parseConntrack(statistics),
  ];
}

/** A row for each CPU, in hexadecimal. The first column is the same in all: the entries of the table, of the network namespace
 *  that the file is of, which nf_conntrack_count in /proc/sys is not. */
export function parseConntrack(text: string): readonly Family[] {
  const [head = '', ...lines] = linesOf(text);
  const names = columnsOf(head);
  const rows = lines.map(columnsOf);
  const value = (row: readonly string[], name: string): number =>
    numberOf(`0x${row[names.indexOf(name)] ?? '0'}`, `/proc/net/stat/nf_conntrack ${name}`);
  const help = 'Number of currently allocated flow entries for connection tracking.';
  return [
    gauge('node_nf_conntrack_entries', help, value(rows[0] ?? [], 'entries')),
    ...STATISTICS.map(([name, description]) =>
      gauge(
        `node_nf_conntrack_stat_${name}`,
        description,
        rows.reduce((sum, row) => sum + value(row, name), 0),
      ),
    ),
  ];
}
