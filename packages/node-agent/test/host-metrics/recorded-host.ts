/** A machine whose /proc and /sys were recorded: packages/node-agent/testdata/host-metrics. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FakeClock } from '@vigie/core/fake-clock';
import type { FileSystemSizes, HostDeps, HostFs, HostPaths } from '../../src/host-metrics/host.ts';
import { Host } from '../../src/host-metrics/host.ts';

type Machine = 'vm' | 'metal';

const TESTDATA = fileURLToPath(new URL('../../testdata/host-metrics', import.meta.url));

export const SIZES: FileSystemSizes = {
  bsize: 4096,
  blocks: 66053997,
  bfree: 60384371,
  bavail: 18206666,
  files: 16777216,
  ffree: 16013537,
};

export function recordedPaths(machine: Machine): HostPaths {
  const folder = `${TESTDATA}/${machine}`;
  return { procfs: `${folder}/proc`, sysfs: `${folder}/sys`, rootfs: undefined, udev: `${folder}/udev` };
}

export function recordedText(path: string): Promise<string> {
  return readFile(`${TESTDATA}/${path}`, 'utf8');
}

/** @param statfs what a path's file system says; each says SIZES unless given */
export function recordedDeps(statfs: HostFs['statfs'] = () => Promise.resolve(SIZES)): HostDeps {
  return {
    // Read at once, so that what still waits after a turn of the loop waits for the clock.
    fs: { readFile: async (path) => readFileSync(path, 'utf8'), readdir: async (path) => readdirSync(path), statfs },
    clock: new FakeClock(Date.UTC(2026, 10, 29)),
    facts: {
      machine: 'x86_64',
      pageSizeBytes: 4096,
      nodeName: 'node-1',
      timeZone: () => ({ name: 'UTC', offsetSeconds: 0 }),
    },
  };
}

export function recordedHost(machine: Machine, deps: Partial<HostDeps> = {}, paths: Partial<HostPaths> = {}): Host {
  return new Host({ ...recordedPaths(machine), ...paths }, { ...recordedDeps(), ...deps });
}
