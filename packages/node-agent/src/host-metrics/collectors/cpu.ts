/** Seconds of each CPU by mode. Source: node_exporter, collector/cpu_linux.go. */
import { counter, type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf, linesOf, numberOf } from '../proc-text.ts';

/** /proc/stat counts in hundredths of a second, whatever the kernel's own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** In the order of the columns; `guest` and `guest_nice` follow. */
const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
const IDLE = MODES.indexOf('idle');
const COLUMNS = MODES.length + 2;
/** An idle time that falls by so much is that of a CPU which was taken out and put in again. */
const HOTPLUG_TICKS = 3 * TICKS_PER_SECOND;

/** Columns by number of the CPU. */
export type CpuTicks = ReadonlyMap<string, readonly number[]>;

export class CpuCollector {
  readonly #steady = new SteadyCpuTicks();

  async collect(host: Host): Promise<readonly Family[]> {
    const ticks = this.#steady.advance(parseCpuTicks(await host.proc('stat')));
    return [...cpuFamilies(ticks), ...(await isolated(host)), ...(await throttles(host))];
  }
}

export function parseCpuTicks(stat: string): CpuTicks {
  const ticks = new Map<string, readonly number[]>();
  for (const line of linesOf(stat)) {
    const [name = '', ...columns] = columnsOf(line);
    const [, cpu] = /^cpu(\d+)$/.exec(name) ?? [];
    if (cpu === undefined) continue;
    // Old kernels and some containers have fewer columns.
    const values = Array.from({ length: COLUMNS }, (_, i) => numberOf(columns[i] ?? '0', `/proc/stat ${name}`));
    ticks.set(cpu, values);
  }
  return ticks;
}

/** Keeps each column from going back: the kernel's idle and iowait do, a little, and a counter that falls looks like a reset. */
export class SteadyCpuTicks {
  readonly #highest = new Map<string, readonly number[]>();

  advance(ticks: CpuTicks): CpuTicks {
    const shown = new Map<string, readonly number[]>();
    for (const [cpu, now] of ticks) {
      const before = this.#highest.get(cpu);
      const isOther = before !== undefined && (before[IDLE] ?? 0) - (now[IDLE] ?? 0) >= HOTPLUG_TICKS;
      const steady = before === undefined || isOther ? now : now.map((value, i) => Math.max(value, before[i] ?? 0));
      this.#highest.set(cpu, steady);
      shown.set(cpu, steady);
    }
    return shown;
  }
}

export function cpuFamilies(ticks: CpuTicks): readonly Family[] {
  const modes: Sample[] = [];
  const guests: Sample[] = [];
  for (const [cpu, columns] of ticks) {
    const sample = (mode: string, column: number): Sample => ({
      labels: [
        ['cpu', cpu],
        ['mode', mode],
      ],
      value: (columns[column] ?? 0) / TICKS_PER_SECOND,
    });
    modes.push(...MODES.map(sample));
    guests.push(sample('user', MODES.length), sample('nice', MODES.length + 1));
  }
  return [
    counter('node_cpu_seconds_total', 'Seconds the CPUs spent in each mode.', modes),
    counter('node_cpu_guest_seconds_total', 'Seconds the CPUs spent in guests (VMs) for each mode.', guests),
  ];
}

/** @param list `0-3,7` */
export function parseCpuList(list: string): readonly number[] {
  const numbers: number[] = [];
  for (const part of list.trim().split(',')) {
    if (part === '') continue;
    const [first, last = first] = part.split('-');
    const end = numberOf(last, 'a list of CPUs');
    for (let cpu = numberOf(first, 'a list of CPUs'); cpu <= end; cpu++) numbers.push(cpu);
  }
  return numbers;
}

async function isolated(host: Host): Promise<readonly Family[]> {
  const cpus = parseCpuList((await host.sysIfAny('devices/system/cpu/isolated')) ?? '');
  if (cpus.length === 0) return [];
  const help = 'Whether each core is isolated, information from /sys/devices/system/cpu/isolated.';
  return [
    gauge(
      'node_cpu_isolated',
      help,
      cpus.map((cpu) => ({ labels: [['cpu', String(cpu)]], value: 1 })),
    ),
  ];
}

async function throttles(host: Host): Promise<readonly Family[]> {
  const cores = new Map<string, Sample>();
  const packages = new Map<string, Sample>();
  const cpus = (await host.sysFolder('devices/system/cpu')).filter((name) => /^cpu\d+$/.test(name));
  for (const cpu of cpus) {
    const read = async (file: string): Promise<string | undefined> =>
      (await host.sysIfAny(`devices/system/cpu/${cpu}/${file}`))?.trim();
    // Virtual machines have none, so this comes first.
    const ofCore = await read('thermal_throttle/core_throttle_count');
    const ofPackage = await read('thermal_throttle/package_throttle_count');
    if (ofCore === undefined && ofPackage === undefined) continue;
    const [packageId, coreId] = [await read('topology/physical_package_id'), await read('topology/core_id')];
    if (packageId === undefined || coreId === undefined) continue;
    const inPackage = ['package', packageId] as const;
    if (ofCore !== undefined && !cores.has(`${packageId}/${coreId}`))
      cores.set(`${packageId}/${coreId}`, { labels: [inPackage, ['core', coreId]], value: numberOf(ofCore, cpu) });
    if (ofPackage !== undefined && !packages.has(packageId))
      packages.set(packageId, { labels: [inPackage], value: numberOf(ofPackage, cpu) });
  }
  return [
    counter('node_cpu_core_throttles_total', 'Number of times this CPU core has been throttled.', [...cores.values()]),
    counter('node_cpu_package_throttles_total', 'Number of times this CPU package has been throttled.', [
      ...packages.values(),
    ]),
  ];
}
