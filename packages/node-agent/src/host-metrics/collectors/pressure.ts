/** Pressure stall information. Source: node_exporter, collector/pressure_linux.go. */
import { counter, type Family } from '../family.ts';
import type { Host } from '../host.ts';
import { linesOf, numberOf } from '../proc-text.ts';

const RESOURCES = [
  {
    name: 'cpu',
    some: ['node_pressure_cpu_waiting_seconds_total', 'Total time in seconds that processes have waited for CPU time'],
  },
  {
    name: 'io',
    some: [
      'node_pressure_io_waiting_seconds_total',
      'Total time in seconds that processes have waited due to IO congestion',
    ],
    full: [
      'node_pressure_io_stalled_seconds_total',
      'Total time in seconds no process could make progress due to IO congestion',
    ],
  },
  {
    name: 'memory',
    some: ['node_pressure_memory_waiting_seconds_total', 'Total time in seconds that processes have waited for memory'],
    full: [
      'node_pressure_memory_stalled_seconds_total',
      'Total time in seconds no process could make progress due to memory congestion',
    ],
  },
  {
    name: 'irq',
    full: [
      'node_pressure_irq_stalled_seconds_total',
      'Total time in seconds no process could make progress due to IRQ congestion',
    ],
  },
] as const satisfies readonly PressureResource[];

interface PressureResource {
  readonly name: string;
  readonly some?: readonly [name: string, help: string];
  readonly full?: readonly [name: string, help: string];
}

/** @returns undefined on a kernel without it, or that was started without it */
export async function collectPressure(host: Host): Promise<readonly Family[] | undefined> {
  const families: Family[] = [];
  for (const resource of RESOURCES) {
    const text = await host.procIfAny(`pressure/${resource.name}`);
    if (text !== undefined) families.push(...parsePressure(text, resource));
  }
  return families.length === 0 ? undefined : families;
}

export function parsePressure(text: string, resource: PressureResource): readonly Family[] {
  const totals = new Map<string, number>();
  for (const line of linesOf(text)) {
    const [, kind, micros] = /^(some|full) .*total=(\d+)$/.exec(line) ?? [];
    if (kind !== undefined) totals.set(kind, numberOf(micros, `/proc/pressure/${resource.name}`) / 1e6);
  }
  return (['some', 'full'] as const).flatMap((kind) => {
    const [described, total] = [resource[kind], totals.get(kind)];
    return described === undefined || total === undefined ? [] : [counter(described[0], described[1], total)];
  });
}
