/** Names and versions of the system. Source: node_exporter, collector/uname.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';

export async function collectUname(host: Host): Promise<readonly Family[]> {
  const kernel = async (name: string): Promise<string> => (await host.proc(`sys/kernel/${name}`)).trim();
  const { machine, nodeName } = host.facts;
  const labels = [
    ['sysname', await kernel('ostype')],
    ['release', await kernel('osrelease')],
    ['version', await kernel('version')],
    ['machine', machine],
    ['nodename', nodeName ?? (await kernel('hostname'))],
    ['domainname', await kernel('domainname')],
  ] as const;
  const help = 'Labeled system information as provided by the uname system call.';
  return [gauge('node_uname_info', help, [{ labels, value: 1 }])];
}
