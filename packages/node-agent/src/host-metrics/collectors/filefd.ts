/** Open files of the whole system. Source: node_exporter, collector/filefd_linux.go. */
import { type Family, gauge } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, numberOf } from '../proc-text.ts';

export async function collectFilefd(host: Host): Promise<readonly Family[]> {
  return parseFilefd(await host.proc('sys/fs/file-nr'));
}

export function parseFilefd(fileNr: string): readonly Family[] {
  // The one in between counts free handles, of which kernels since 2.6 have none.
  const [allocated, , maximum] = columnsOf(fileNr);
  const figure = (name: string, value: string | undefined): Family =>
    gauge(`node_filefd_${name}`, `File descriptor statistics: ${name}.`, numberOf(value, '/proc/sys/fs/file-nr'));
  return [figure('allocated', allocated), figure('maximum', maximum)];
}
