/** Software RAID. Source: node_exporter, collector/mdadm_linux.go, and prometheus/procfs, mdstat.go. */
import { type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, malformed, numberOf } from '../proc-text.ts';

const STATES = ['active', 'inactive', 'recovering', 'resync', 'check'] as const;
type ArrayState = (typeof STATES)[number];

export interface RaidArray {
  readonly name: string;
  readonly state: ArrayState;
  readonly disks: { readonly active: number; readonly failed: number; readonly spare: number; readonly down: number };
  readonly disksRequired: number;
  readonly blocks: number;
  readonly blocksSynced: number;
}

/** @returns undefined on a kernel without it */
export async function collectMdadm(host: Host): Promise<readonly Family[] | undefined> {
  const mdstat = await host.procIfAny('mdstat');
  return mdstat === undefined ? undefined : mdadmFamilies(parseMdstat(mdstat));
}

/** An array is a line `md0 : active raid1 sdb1[1] sda1[0]`, one of its blocks and disks, and sometimes those of a bitmap and of
 *  what it is about. */
export function parseMdstat(mdstat: string): readonly RaidArray[] {
  const lines = mdstat.split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '' || /^(\s|Personalities|unused)/.test(line)) return [];
    const [name = '', , written] = columnsOf(line);
    if (written !== 'active' && written !== 'inactive') throw malformed(`/proc/mdstat ${name}`, 'active or inactive');
    const blocks = numberOf(columnsOf(lines[i + 1] ?? '')[0], `/proc/mdstat ${name}`);
    const members = membersOf(name, line, lines[i + 1] ?? '');
    const failed = line.split('(F)').length - 1;
    const spare = line.split('(S)').length - 1;
    const doing = (lines[i + 2] ?? '').includes('bitmap') ? lines[i + 3] : lines[i + 2];
    const [state, blocksSynced] = activityOf(doing ?? '', written, blocks);
    const disks = { active: members.active, failed, spare, down: members.down };
    return [{ name, state, disks, disksRequired: members.total, blocks, blocksSynced }];
  });
}

function membersOf(name: string, line: string, status: string): { total: number; active: number; down: number } {
  if (/raid0|linear/.test(line)) {
    const total = line.split('[').length - 1;
    return { total, active: total, down: 0 };
  }
  if (line.includes('inactive')) return { total: 0, active: 0, down: 0 };
  const [, total, active, marks = ''] = /\d+ blocks .*\[(\d+)\/(\d+)\] \[([U_]+)\]/.exec(status) ?? [];
  const where = `/proc/mdstat ${name}`;
  return { total: numberOf(total, where), active: numberOf(active, where), down: marks.split('_').length - 1 };
}

function activityOf(doing: string, written: 'active' | 'inactive', blocks: number): [ArrayState, synced: number] {
  const [, activity] = /(recovery|resync|check)/.exec(doing) ?? [];
  if (activity === undefined) return [written, blocks];
  const state = activity === 'recovery' ? 'recovering' : activity === 'check' ? 'check' : 'resync';
  if (/PENDING|DELAYED/.test(doing)) return [state, 0];
  const [, synced] = /\((\d+)\/\d+\)/.exec(doing) ?? [];
  return [state, synced === undefined ? blocks : Number(synced)];
}

export function mdadmFamilies(arrays: readonly RaidArray[]): readonly Family[] {
  const each = (measure: (array: RaidArray) => number): Sample[] =>
    arrays.map((array) => ({ labels: [['device', array.name]], value: measure(array) }));
  const byState = (values: (array: RaidArray) => Iterable<readonly [string, number]>): Sample[] =>
    arrays.flatMap((array) =>
      Array.from(values(array), ([state, value]) => ({
        labels: [
          ['device', array.name],
          ['state', state],
        ] as const,
        value,
      })),
    );
  return [
    gauge(
      'node_md_state',
      'Indicates the state of md-device.',
      byState(({ state }) => STATES.map((one) => [one, one === state ? 1 : 0])),
    ),
    gauge(
      'node_md_disks',
      'Number of active/failed/spare disks of device.',
      byState(({ disks }) => Object.entries(disks)),
    ),
    gauge(
      'node_md_disks_required',
      'Total number of disks of device.',
      each(({ disksRequired }) => disksRequired),
    ),
    gauge(
      'node_md_blocks',
      'Total number of blocks on device.',
      each(({ blocks }) => blocks),
    ),
    gauge(
      'node_md_blocks_synced',
      'Number of blocks synced on device.',
      each(({ blocksSynced }) => blocksSynced),
    ),
  ];
}
