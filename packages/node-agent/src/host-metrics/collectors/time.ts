/** The clock, and what it runs on. Source: node_exporter, collector/time.go and time_linux.go. */
import { type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf } from '../proc-text.ts';

const FOLDER = 'devices/system/clocksource';

export async function collectTime(host: Host): Promise<readonly Family[]> {
  const available: Sample[] = [];
  const current: Sample[] = [];
  const devices = (await host.sysFolder(FOLDER)).filter((name) => /^clocksource\d+$/.test(name));
  for (const folder of devices) {
    const device = folder.replace('clocksource', '');
    const read = async (file: string): Promise<string[]> =>
      columnsOf((await host.sysIfAny(`${FOLDER}/${folder}/${file}`)) ?? '').filter((name) => name !== '');
    const sample = (clocksource: string): Sample => ({
      labels: [
        ['device', device],
        ['clocksource', clocksource],
      ],
      value: 1,
    });
    available.push(...(await read('available_clocksource')).map(sample));
    current.push(...(await read('current_clocksource')).map(sample));
  }
  const from = "read from '/sys/devices/system/clocksource'.";
  const nowMs = host.clock.nowMs();
  const { name, offsetSeconds } = host.facts.timeZone(nowMs);
  return [
    gauge('node_time_seconds', 'System time in seconds since epoch (1970).', nowMs / 1000),
    gauge('node_time_zone_offset_seconds', 'System time zone offset in seconds.', [
      { labels: [['time_zone', name]], value: offsetSeconds },
    ]),
    gauge('node_time_clocksource_available_info', `Available clocksources ${from}`, available),
    gauge('node_time_clocksource_current_info', `Current clocksource ${from}`, current),
  ];
}
