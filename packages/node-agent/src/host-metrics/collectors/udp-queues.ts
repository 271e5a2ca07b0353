/** Bytes that wait in the queues of UDP sockets. Source: node_exporter, collector/udp_queues_linux.go. */
import { type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

export async function collectUdpQueues(host: Host): Promise<readonly Family[] | undefined> {
  const tables = [
    ['v4', await host.netIfAny('udp')],
    ['v6', await host.netIfAny('udp6')],
  ] as const;
  const samples = tables.flatMap(([ip, text]) => (text === undefined ? [] : parseUdpQueues(text, ip)));
  if (samples.length === 0) return undefined;
  const help = 'Number of allocated memory in the kernel for UDP datagrams in bytes.';
  return [gauge('node_udp_queues', help, samples)];
}

/** A row for each socket, the fifth column of which is `TX:RX` in hexadecimal. */
export function parseUdpQueues(text: string, ip: 'v4' | 'v6'): readonly Sample[] {
  const queues = linesOf(text)
    .slice(1)
    .map((line) => (columnsOf(line)[4] ?? '').split(':'));
  return (['tx', 'rx'] as const).map((queue, index) => ({
    labels: [
      ['queue', queue],
      ['ip', ip],
    ],
    value: queues.reduce(
      (sum, queue) => sum + numberOf(`0x${queue[index] ?? ''}`, '/proc/net/udp tx_queue:rx_queue'),
      0,
    ),
  }));
}
