/** What the kernel counts of IP, TCP, UDP and ICMP. Source: node_exporter, collector/netstat_linux.go. */
import { type Family, family } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, malformed, numberOf } from '../proc-text.ts';

/** What node_exporter shows by default. */
const FIELDS =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;

interface Statistic {
  readonly protocol: string;
  readonly name: string;
  readonly value: string;
}

export async function collectNetstat(host: Host): Promise<readonly Family[]> {
  const six = await host.netIfAny('snmp6');
  return netstatFamilies([
    ...parseNetstat(await host.net('netstat'), '/proc/net/netstat'),
    ...parseNetstat(await host.net('snmp'), '/proc/net/snmp'),
    ...(six === undefined ? [] : parseSnmp6(six)),
  ]);
}

/** Pairs of lines: `Tcp: NAME…` and `Tcp: VALUE…`. */
export function parseNetstat(text: string, where: string): readonly Statistic[] {
  const lines = linesOf(text).map(columnsOf);
  const statistics: Statistic[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const [head = '', ...names] = lines[i] ?? [];
    const [, ...values] = lines[i + 1] ?? [];
    if (names.length !== values.length) throw malformed(`${where} ${head}`, `${names.length} values`);
    const protocol = head.replace(/:$/, '');
    statistics.push(...names.map((name, j) => ({ protocol, name, value: values[j] ?? '' })));
  }
  return statistics;
}

/** `Ip6InReceives 5`: the protocol ends with the 6. */
export function parseSnmp6(text: string): readonly Statistic[] {
  return linesOf(text).flatMap((line) => {
    const [, protocol, name = '', value = ''] = /^(\S*?6)(\S*)\s+(\S+)/.exec(line) ?? [];
    return protocol === undefined ? [] : [{ protocol, name, value }];
  });
}

export function netstatFamilies(statistics: readonly Statistic[]): readonly Family[] {
  const shown = statistics.filter(({ protocol, name }) => FIELDS.test(`${protocol}_${name}`));
  return shown.map(({ protocol, name, value }) =>
    family('untyped', `node_netstat_${protocol}_${name}`, `Statistic ${protocol}${name}.`, numberOf(value, name)),
  );
}
