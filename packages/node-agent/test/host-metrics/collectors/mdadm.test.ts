import { describe, expect, it } from 'vitest';
import { collectMdadm, parseMdstat } from '../../../src/host-metrics/collectors/mdadm.ts';
import { recordedHost, recordedText } from '../recorded-host.ts';

describe('software RAID', () => {
  it('is told by array: what it does, its disks, and how far it is', async () => {
    const arrays = parseMdstat(await recordedText('metal/proc/mdstat'));
    const told = arrays.map(({ name, state, disks, disksRequired, blocks, blocksSynced }) => {
      const { active, failed, spare, down } = disks;
      return [name, state, `${active}/${disksRequired}`, failed, spare, down, blocksSynced, blocks];
    });
    expect(told).toEqual([
      ['md3', 'active', '8/8', 0, 2, 0, 5853468288, 5853468288],
      ['md127', 'active', '2/2', 0, 0, 0, 312319552, 312319552],
      ['md0', 'active', '1/2', 1, 0, 1, 248896, 248896],
      ['md4', 'inactive', '0/0', 1, 1, 0, 4883648, 4883648],
      ['md6', 'recovering', '1/2', 1, 1, 1, 16775552, 195310144],
      ['md8', 'resync', '2/2', 0, 0, 0, 16775552, 195310144],
      ['md7', 'active', '3/4', 1, 0, 1, 7813735424, 7813735424],
      ['md201', 'check', '2/2', 0, 0, 0, 114176, 1993728],
      ['md10', 'active', '2/2', 0, 0, 0, 314159265, 314159265],
      ['md219', 'inactive', '0/0', 0, 3, 0, 7932, 7932],
      ['md101', 'resync', '2/2', 0, 0, 0, 0, 322560],
    ]);
  });

  it('gives what the alert on degraded arrays asks for', async () => {
    const families = await collectMdadm(recordedHost('metal'));
    const degraded = (name: string): number => {
      const values = families?.find((family) => family.name === name)?.samples ?? [];
      const ofArray = values.filter(({ labels }) => labels.some(([, value]) => value === 'md0'));
      return (
        ofArray.find(({ labels }) => labels.length === 1 || labels.some(([, value]) => value === 'active'))?.value ?? 0
      );
    };
    expect(degraded('node_md_disks_required') - degraded('node_md_disks')).toBe(1);
  });

  it('that says what no kernel says is refused', () => {
    expect(() => parseMdstat('md0 : broken raid1\n  5 blocks\n')).toThrow(
      '/proc/mdstat md0: expected active or inactive',
    );
  });
});
