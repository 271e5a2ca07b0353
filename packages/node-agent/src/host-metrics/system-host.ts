/** The machine that this process runs on. */
import { readFileSync } from 'node:fs';
import { readdir, readFile, statfs } from 'node:fs/promises';
import { endianness, machine } from 'node:os';
import type { HostFacts, HostFs } from './host.ts';

export const systemFs: HostFs = {
  readFile: (path) => readFile(path, 'utf8'),
  readdir: (path) => readdir(path),
  statfs: (path) => statfs(path),
};

export function systemFacts(nodeName: string | undefined): HostFacts {
  return { machine: machine(), pageSizeBytes: pageSize(), nodeName, timeZone };
}

const AT_PAGESZ = 6n;
const DEFAULT_PAGE_BYTES = 4096;

/** Of what the kernel tells a process at its start: pairs of 64-bit words (getauxval(3)). */
function pageSize(): number {
  let auxv: Buffer;
  try {
    auxv = readFileSync('/proc/self/auxv');
  } catch {
    return DEFAULT_PAGE_BYTES;
  }
  const word = (at: number): bigint => (endianness() === 'LE' ? auxv.readBigUInt64LE(at) : auxv.readBigUInt64BE(at));
  for (let at = 0; at + 16 <= auxv.length; at += 16) if (word(at) === AT_PAGESZ) return Number(word(at + 8));
  return DEFAULT_PAGE_BYTES;
}

function timeZone(atMs: number): { readonly name: string; readonly offsetSeconds: number } {
  const at = new Date(atMs);
  const offsetSeconds = -60 * at.getTimezoneOffset();
  // `… GMT+0100 (Central European Standard Time)`: its initials, as the short name is.
  const [, long = 'UTC'] = /\((.*)\)$/.exec(at.toString()) ?? [];
  const name = long === 'Coordinated Universal Time' ? 'UTC' : long.replace(/[^A-Z]/g, '') || long;
  return { name, offsetSeconds };
}
