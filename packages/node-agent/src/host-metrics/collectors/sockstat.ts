/** Sockets in use. Source: node_exporter, collector/sockstat_linux.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

export async function collectSockstat(host: Host): Promise<readonly Family[] | undefined> {
  const [four, six] = [await host.netIfAny('sockstat'), await host.netIfAny('sockstat6')];
  if (four === undefined && six === undefined) return undefined;
  return [four, six].flatMap((text) => parseSockstat(text ?? '', host.facts.pageSizeBytes));
}

/** Lines such as `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 67`. */
export function parseSockstat(text: string, pageSizeBytes: number): readonly Family[] {
  return linesOf(text).flatMap((line) => {
    const [head = '', ...columns] = columnsOf(line);
    const protocol = head.replace(/:$/, '');
    const families: Family[] = [];
    for (let i = 0; i + 1 < columns.length; i += 2) {
      const state = columns[i] ?? '';
      const value = numberOf(columns[i + 1], `/proc/net/sockstat ${protocol}`);
      if (protocol === 'sockets') {
        families.push(gauge('node_sockstat_sockets_used', 'Number of IPv4 sockets in use.', value));
        continue;
      }
      families.push(sockets(protocol, state, value));
      if (state === 'mem') families.push(sockets(protocol, 'mem_bytes', value * pageSizeBytes));
    }
    return families;
  });
}

function sockets(protocol: string, state: string, value: number): Family {
  return gauge(`node_sockstat_${protocol}_${state}`, `Number of ${protocol} sockets in state ${state}.`, value);
}
