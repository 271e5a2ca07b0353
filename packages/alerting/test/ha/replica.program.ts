/** A replica as a process of its own, for a test that kills it. It tells of alerts by a POST to the test, and takes those whose names come on stdin.
 *  Arguments: its name, the folder of its state, a kubeconfig, and the URL to tell. Says `owned N` when what it owns changes. */
import * as fs from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { HighAvailability } from '../../src/ha/high-availability.ts';
import { alertNamed, processEngine } from '../process-engine.ts';

const [, , replica = '', folder = '', kubeconfig = '', url = ''] = process.argv;

const ha = new HighAvailability(
  {
    config: { name: 'alerts', namespace: undefined, replica, shards: 4, kubeconfig },
    replica,
    address: () => replica,
  },
  { clock: systemClock, random: Math.random, log: createLog('error'), env: {}, version: 'test' },
);
const engine = processEngine({
  folder,
  route: 'group_by: [alertname], group_wait: 500ms, group_interval: 1m, repeat_interval: 1h',
  tell: async (names, signal) => {
    const { status } = await fetch(url, { method: 'POST', body: `${replica} ${names}`, signal });
    return status === 200 ? { kind: 'sent' } : { kind: 'retry', reason: String(status), afterMs: undefined };
  },
  fs,
  replication: ha,
});
await engine.start();
let owned = -1;
setInterval(() => {
  if (ha.ownership.owned !== owned) process.stdout.write(`owned ${ha.ownership.owned}\n`);
  owned = ha.ownership.owned;
}, 20);
for await (const name of createInterface({ input: process.stdin })) {
  await engine.post([alertNamed(name)]);
  process.stdout.write(`taken ${name}\n`);
}
