/** Reads, writes and time of block devices. Source: node_exporter, collector/diskstats_linux.go; columns as in the kernel's
 *  Documentation/admin-guide/iostats.rst. */
import { counter, type Family, gauge, type Labels, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

/** Partitions, whose disk is shown, and what lives in memory. */
const EXCLUDED = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
/** Sectors have 512 bytes whatever the device, times are in ms. */
const SECTOR = 512;
const MS = 0.001;

/** In the order of the columns; old kernels have fewer of them. */
const COLUMNS = [
  ['reads_completed_total', 1, 'The total number of reads completed successfully.'],
  ['reads_merged_total', 1, 'The total number of reads merged.'],
  ['read_bytes_total', SECTOR, 'The total number of bytes read successfully.'],
  ['read_time_seconds_total', MS, 'The total number of seconds spent by all reads.'],
  ['writes_completed_total', 1, 'The total number of writes completed successfully.'],
  ['writes_merged_total', 1, 'The number of writes merged.'],
  ['written_bytes_total', SECTOR, 'The total number of bytes written successfully.'],
  ['write_time_seconds_total', MS, 'This is the total number of seconds spent by all writes.'],
  ['io_now', 1, 'The number of I/Os currently in progress.'],
  ['io_time_seconds_total', MS, 'Total seconds spent doing I/Os.'],
  ['io_time_weighted_seconds_total', MS, 'The weighted # of seconds spent doing I/Os.'],
  ['discards_completed_total', 1, 'The total number of discards completed successfully.'],
  ['discards_merged_total', 1, 'The total number of discards merged.'],
  ['discarded_sectors_total', 1, 'The total number of sectors discarded successfully.'],
  ['discard_time_seconds_total', MS, 'This is the total number of seconds spent by all discards.'],
  ['flush_requests_total', 1, 'The total number of flush requests completed successfully'],
  ['flush_requests_time_seconds_total', MS, 'This is the total number of seconds spent by all flush requests.'],
] as const;

export interface Disk {
  readonly device: string;
  readonly major: string;
  readonly minor: string;
  /** By the order of COLUMNS. */
  readonly counts: readonly number[];
  /** udev's, `ID_MODEL` and the like. */
  readonly properties: ReadonlyMap<string, string>;
  readonly rotational: string;
}

export async function collectDiskstats(host: Host): Promise<readonly Family[]> {
  const disks: Disk[] = [];
  for (const disk of parseDiskstats(await host.proc('diskstats'))) {
    const udev = await host.udevIfAny(`b${disk.major}:${disk.minor}`);
    const rotational = (await host.sysIfAny(`block/${disk.device}/queue/rotational`))?.trim() ?? '0';
    disks.push({ ...disk, rotational, properties: parseUdev(udev ?? '') });
  }
  return diskFamilies(disks);
}

export function parseDiskstats(diskstats: string): readonly Pick<Disk, 'device' | 'major' | 'minor' | 'counts'>[] {
  return linesOf(diskstats).flatMap((line) => {
    const [major = '', minor = '', device = '', ...columns] = columnsOf(line);
    if (EXCLUDED.test(device)) return [];
    const counts = columns.slice(0, COLUMNS.length).map((text) => numberOf(text, `/proc/diskstats ${device}`));
    return [{ device, major, minor, counts }];
  });
}

/** Lines `E:NAME=VALUE`, among others. */
export function parseUdev(text: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [, name, value = ''] = /^E:([^=]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) properties.set(name, value);
  }
  return properties;
}

export function diskFamilies(disks: readonly Disk[]): readonly Family[] {
  const values = COLUMNS.map(([name, unit, help], column) => {
    const samples = disks.flatMap(({ device, counts }): Sample[] => {
      const count = counts[column];
      if (count === undefined) return [];
      return [{ labels: [['device', device]], value: unit === MS ? count / 1000 : count * unit }];
    });
    return (name === 'io_now' ? gauge : counter)(`node_disk_${name}`, help, samples);
  });
  return [
    gauge('node_disk_info', 'Info of /sys/block/<block_device>.', infos(disks, infoOf)),
    gauge('node_disk_filesystem_info', 'Info about disk filesystem.', infos(disks, filesystemOf)),
    gauge('node_disk_device_mapper_info', 'Info about disk device mapper.', infos(disks, mapperOf)),
    ...values,
  ];
}

function infos(disks: readonly Disk[], labelsOf: (disk: Disk) => Labels | undefined): Sample[] {
  return disks.flatMap((disk) => {
    const labels = labelsOf(disk);
    return labels === undefined ? [] : [{ labels: [['device', disk.device], ...labels], value: 1 }];
  });
}

function infoOf({ major, minor, properties, rotational }: Disk): Labels {
  const property = (name: string): string => properties.get(name) ?? '';
  const serial = ['SCSI_IDENT_SERIAL', 'ID_SERIAL_SHORT', 'ID_SERIAL'].map(property).find((text) => text !== '');
  return [
    ['major', major],
    ['minor', minor],
    ['path', property('ID_PATH')],
    ['wwn', property('ID_WWN')],
    ['model', property('ID_MODEL')],
    ['serial', serial ?? ''],
    ['revision', property('ID_REVISION')],
    ['rotational', rotational],
  ];
}

function filesystemOf({ properties }: Disk): Labels | undefined {
  const type = properties.get('ID_FS_TYPE') ?? '';
  if (type === '') return undefined;
  return [
    ['type', type],
    ['usage', properties.get('ID_FS_USAGE') ?? ''],
    ['uuid', properties.get('ID_FS_UUID') ?? ''],
    ['version', properties.get('ID_FS_VERSION') ?? ''],
  ];
}

function mapperOf({ properties }: Disk): Labels | undefined {
  const name = properties.get('DM_NAME') ?? '';
  if (name === '') return undefined;
  return [
    ['name', name],
    ['uuid', properties.get('DM_UUID') ?? ''],
    ['vg_name', properties.get('DM_VG_NAME') ?? ''],
    ['lv_name', properties.get('DM_LV_NAME') ?? ''],
    ['lv_layer', properties.get('DM_LV_LAYER') ?? ''],
  ];
}
