import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { formatHostPort } from '@vigie/core/host-port';
import { HttpListener } from '@vigie/core/http-server/listener';
import { createLog } from '@vigie/core/log';
import { expect, it, onTestFinished } from 'vitest';
import { CollectorAssembly } from '../src/assembly.ts';
import { DEFAULT_KUBE_STATE } from '../src/kube-state/kube-state.ts';
import { unconfiguredCollector } from '../src/own-metrics.ts';
import { tempFolder } from './temp-folder.ts';

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: 'http://127.0.0.1:1' } }]
users: [{ name: u, user: {} }]
`;

it('answers below its prefix all that a collector answers, that of its cluster too', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'kubeconfig'), KUBECONFIG);
  const config = {
    ...unconfiguredCollector({ folder: `${folder}/metrics`, maxBytes: 1e7 }),
    kubeState: DEFAULT_KUBE_STATE,
  };
  const [clock, log] = [new FakeClock(), createLog('error', { write: () => undefined })];
  const options = { version: '1.2.3', prefix: '/prometheus', isEager: false, configYaml: () => '', flags: {} };
  const assembly = new CollectorAssembly({ config, rules: { groups: [], left: 0 } }, options, {
    ...{ clock, log, random: () => 0.5, env: { KUBECONFIG: join(folder, 'kubeconfig') }, hostName: 'node-1' },
    ...{ tracing: undefined, print: () => undefined, address: () => listener.address },
  });
  const address = { name: 'http', address: { host: '127.0.0.1', port: 0 }, auth: { type: 'none' } } as const;
  const deps = { clock, log, print: () => undefined };
  const listener: HttpListener = new HttpListener(address, assembly.routes, deps, assembly.mounts);
  await listener.start();
  onTestFinished(async () => {
    await listener.close({ graceMs: 0 });
    await assembly.close();
  });
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://${formatHostPort(listener.address)}${path}`);
    return [answer.status, await answer.text()];
  };
  // Until its database is read.
  expect(await ask('/prometheus/api/v1/query?query=1')).toEqual([503, 'Service Unavailable\n']);
  expect(await ask('/prometheus/status')).toEqual([200, expect.stringContaining('"operatorObjects":null')]);
  expect(await ask('/prometheus/probe?target=x')).toEqual([404, expect.stringContaining('no section probes')]);
  expect(await ask('/prometheus/explain/metrics')).toEqual([404, expect.stringContaining('metrics_api')]);
  expect(await ask('/prometheus/explain')).toEqual([400, expect.stringContaining('NAMESPACE/NAME')]);
  expect(await ask('/explain')).toEqual([404, expect.any(String)]);
});
