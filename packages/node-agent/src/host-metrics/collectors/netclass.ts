/** State and properties of network devices. Source: node_exporter, collector/netclass_linux.go. */
import type { Regex } from '@vigie/core/regex';
import { counter, type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { numberOf } from '../proc-text.ts';

const FOLDER = 'class/net';
/** Files of /sys/class/net/DEVICE, and what they are called as metrics. */
const PROPERTIES = [
  ['addr_assign_type', 'address_assign_type', gauge],
  ['carrier', 'carrier', gauge],
  ['carrier_changes', 'carrier_changes_total', counter],
  ['carrier_up_count', 'carrier_up_changes_total', counter],
  ['carrier_down_count', 'carrier_down_changes_total', counter],
  ['dev_id', 'device_id', gauge],
  ['dormant', 'dormant', gauge],
  ['flags', 'flags', gauge],
  ['ifindex', 'iface_id', gauge],
  ['iflink', 'iface_link', gauge],
  ['link_mode', 'iface_link_mode', gauge],
  ['mtu', 'mtu_bytes', gauge],
  ['name_assign_type', 'name_assign_type', gauge],
  ['netdev_group', 'net_dev_group', gauge],
  ['speed', 'speed_bytes', gauge],
  ['tx_queue_len', 'transmit_queue_length', gauge],
  ['type', 'protocol_type', gauge],
] as const;
const TEXTS = ['address', 'broadcast', 'duplex', 'operstate', 'ifalias'] as const;
const FLAG_UP = 1;
/** `speed` is in Mbit/s; -1 where the device does not know, which node_exporter 1 passes on. */
const BYTES_OF_MEGABIT = 125_000;

/** Contents of the files of one device, of those that could be read. */
export type DeviceFiles = ReadonlyMap<string, string>;

export class NetclassCollector {
  readonly #excluded: Regex;

  constructor(excluded: Regex) {
    this.#excluded = excluded;
  }

  async collect(host: Host): Promise<readonly Family[] | undefined> {
    const devices = new Map<string, DeviceFiles>();
    for (const device of await host.sysFolder(FOLDER)) {
      if (this.#excluded.test(device)) continue;
      const files = new Map<string, string>();
      for (const file of [...TEXTS, ...PROPERTIES.map(([name]) => name)]) {
        const text = await host.sysIfAny(`${FOLDER}/${device}/${file}`);
        if (text !== undefined) files.set(file, text.trim());
      }
      // Beside the devices lies the file bonding_masters.
      if (files.has('operstate')) devices.set(device, files);
    }
    return devices.size === 0 ? undefined : netclassFamilies(devices);
  }
}

export function netclassFamilies(devices: ReadonlyMap<string, DeviceFiles>): readonly Family[] {
  const up: Sample[] = [];
  const info: Sample[] = [];
  const properties = new Map<string, Sample[]>();
  for (const [device, files] of devices) {
    const labels = [['device', device]] as const;
    up.push({ labels, value: files.get('operstate') === 'up' ? 1 : 0 });
    const texts = TEXTS.map((name) => [name, files.get(name) ?? ''] as const);
    info.push({ labels: [...labels, ...texts, ['adminstate', adminState(files.get('flags'))]], value: 1 });
    for (const [file, name] of PROPERTIES) {
      const text = files.get(file);
      if (text === undefined || text === '') continue;
      const value = numberOf(text, `/sys/class/net/${device}/${file}`) * (file === 'speed' ? BYTES_OF_MEGABIT : 1);
      const samples = properties.get(name) ?? [];
      properties.set(name, samples);
      samples.push({ labels, value });
    }
  }
  return [
    gauge('node_network_up', "Value is 1 if operstate is 'up', 0 otherwise.", up),
    gauge('node_network_info', 'Non-numeric data from /sys/class/net/<iface>, value is always 1.', info),
    ...PROPERTIES.map(([, name, make]) =>
      make(`node_network_${name}`, `Network device property: ${name}`, properties.get(name) ?? []),
    ),
  ];
}

function adminState(flags: string | undefined): string {
  if (flags === undefined) return 'unknown';
  return (Number(flags) & FLAG_UP) === FLAG_UP ? 'up' : 'down';
}
