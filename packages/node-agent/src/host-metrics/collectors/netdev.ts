/** Bytes, packets and errors of network devices. Source: node_exporter, collector/netdev_common.go, with the names that it shows
 *  by default. */
import type { Regex } from '@vigie/core/regex';
import { counter, type Family, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, malformed, numberOf } from '../proc-text.ts';

/** Values by device, by the name of the statistic. */
export type DeviceCounters = ReadonlyMap<string, ReadonlyMap<string, number>>;

export class NetdevCollector {
  readonly #excluded: Regex;

  /** @param excluded devices to leave out */
  constructor(excluded: Regex) {
    this.#excluded = excluded;
  }

  async collect(host: Host): Promise<readonly Family[]> {
    const devices = new Map<string, ReadonlyMap<string, number>>();
    for (const [device, counters] of parseNetdev(await host.net('dev'))) {
      if (this.#excluded.test(device)) continue;
      // node_exporter has it from netlink; /proc/net/dev leaves it out.
      const unhandled = await host.sysIfAny(`class/net/${device}/statistics/rx_nohandler`);
      const more = unhandled === undefined ? [] : [['receive_nohandler', numberOf(unhandled, device)] as const];
      devices.set(device, new Map([...counters, ...more]));
    }
    return netdevFamilies(devices);
  }
}

/** @param text its two heads name the columns: those of received and those of sent */
export function parseNetdev(text: string): DeviceCounters {
  const [, heads = '', ...lines] = text.split('\n');
  const [, received, sent] = heads.split('|').map(columnsOf);
  if (received === undefined || sent === undefined) throw malformed('/proc/net/dev', 'a head with two bars');
  const names = [...received.map((name) => `receive_${name}`), ...sent.map((name) => `transmit_${name}`)];
  const devices = new Map<string, ReadonlyMap<string, number>>();
  for (const line of linesOf(lines.join('\n'))) {
    // A name may have colons: an alias is eth0:1.
    const colon = line.lastIndexOf(':');
    const device = line.slice(0, colon).trim();
    const values = columnsOf(line.slice(colon + 1));
    devices.set(device, new Map(names.map((name, i) => [name, numberOf(values[i], `/proc/net/dev ${device}`)])));
  }
  return devices;
}

export function netdevFamilies(devices: DeviceCounters): readonly Family[] {
  const byName = new Map<string, Sample[]>();
  for (const [device, counters] of devices) {
    for (const [name, value] of counters) {
      const samples = byName.get(name) ?? [];
      byName.set(name, samples);
      samples.push({ labels: [['device', device]], value });
    }
  }
  return Array.from(byName, ([name, samples]) =>
    counter(`node_network_${name}_total`, `Network device statistic ${name}.`, samples),
  );
}
