import { describe, expect, it } from 'vitest';
import { collectDiskstats } from '../../../src/host-metrics/collectors/diskstats.ts';
import { recordedHost } from '../recorded-host.ts';

describe('disks', () => {
  it('are shown without partitions and loop devices, by the columns that the kernel has', async () => {
    const families = await collectDiskstats(recordedHost('metal'));
    const values = (name: string) =>
      families
        .find((family) => family.name === name)
        ?.samples.map(({ labels, value }) => [labels.find(([label]) => label === 'device')?.[1], value]);
    expect(values('node_disk_io_time_seconds_total')).toEqual([
      ['sda', 9653.88],
      ['dm-0', 11325.968],
      ['nvme0n1', 222.766],
    ]);
    expect(values('node_disk_read_bytes_total')?.[0]).toEqual(['sda', 1003346126 * 512]);
    expect(values('node_disk_flush_requests_total')).toEqual([]);
  });

  it('are told by what udev knows of them', async () => {
    const families = await collectDiskstats(recordedHost('metal'));
    const labels = (name: string, device: string) =>
      Object.fromEntries(
        families
          .find((family) => family.name === name)
          ?.samples.map((sample) => Object.fromEntries(sample.labels))
          .filter((one) => one.device === device)
          .flatMap((one) => Object.entries(one)) ?? [],
      );
    expect(labels('node_disk_info', 'sda')).toEqual({
      device: 'sda',
      major: '8',
      minor: '0',
      path: 'pci-0000:00:1f.2-ata-1',
      wwn: '0x5002538d',
      model: 'EXAMPLE_SSD',
      serial: 'S1X4NYAG',
      revision: 'ST11',
      rotational: '1',
    });
    expect(labels('node_disk_filesystem_info', 'dm-0')).toMatchObject({ type: 'ext4', version: '1.0' });
    expect(labels('node_disk_device_mapper_info', 'dm-0')).toMatchObject({ name: 'system-root', lv_name: 'root' });
  });
});
