/** Bonded network devices. Source: node_exporter, collector/bonding_linux.go. */
import { type Family, gauge, type Sample } from '../family.ts';
import type { Host } from '../host.ts';
import { columnsOf } from '../proc-text.ts';

/** @returns undefined where none are bonded */
export async function collectBonding(host: Host): Promise<readonly Family[] | undefined> {
  const masters = await host.sysIfAny('class/net/bonding_masters');
  if (masters === undefined) return undefined;
  const slaves: Sample[] = [];
  const active: Sample[] = [];
  for (const master of columnsOf(masters).filter((name) => name !== '')) {
    const names = columnsOf((await host.sysIfAny(`class/net/${master}/bonding/slaves`)) ?? '').filter(
      (name) => name !== '',
    );
    let up = 0;
    for (const slave of names) {
      const status =
        (await host.sysIfAny(`class/net/${master}/lower_${slave}/bonding_slave/mii_status`)) ??
        // Of older kernels.
        (await host.sysIfAny(`class/net/${master}/slave_${slave}/bonding_slave/mii_status`));
      if (status?.trim() === 'up') up++;
    }
    const labels = [['master', master]] as const;
    slaves.push({ labels, value: names.length });
    active.push({ labels, value: up });
  }
  return [
    gauge('node_bonding_slaves', 'Number of configured slaves per bonding interface.', slaves),
    gauge('node_bonding_active', 'Number of active slaves per bonding interface.', active),
  ];
}
