/** A collector that is killed: HPAs have their values back within two scrape intervals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import * as https from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { buildSync } from 'esbuild';
import { expect, it, onTestFinished } from 'vitest';
import { Authority } from './metrics-api/authority.ts';
import { serve, text } from './server.ts';
import { tempFolder } from './temp-folder.ts';

const INTERVAL_MS = 5_000;
const METRIC = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/%2A/queue?labelSelector=app%3Dweb';

interface Running {
  readonly child: ChildProcess;
  /** Of the metrics APIs. */
  readonly port: number;
}

interface MetricValue {
  readonly value: string;
  readonly timestamp: string;
}

async function start(program: string, config: string, kubeconfig: string): Promise<Running> {
  const child = spawn(process.execPath, [program, config], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, KUBECONFIG: kubeconfig, KUBERNETES_SERVICE_HOST: '' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /listening on https:\/\/127\.0\.0\.1:(\d+) \(metrics-api\)/.exec(line)?.[1];
    if (port === undefined) continue;
    // What it says from here on would fill the pipe.
    child.stderr.resume();
    return { child, port: Number(port) };
  }
  throw new Error('the collector ended');
}

/** @returns undefined while there is none */
async function metricOf({ port }: Running, ca: string): Promise<MetricValue | undefined> {
  const options = { host: '127.0.0.1', port, path: METRIC, ca, servername: 'localhost', agent: false };
  const request = https.get(options);
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  if (response.statusCode !== 200) return undefined;
  return JSON.parse(Buffer.concat(chunks).toString()).items[0];
}

async function untilThere(running: Running, ca: string, deadlineMs: number): Promise<MetricValue> {
  for (;;) {
    const value = await metricOf(running, ca);
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error('no value');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('has the values of HPAs back within two scrape intervals after kill -9', async () => {
  const folder = await tempFolder();
  const program = join(folder, 'collector.cjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('./collector.program.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['@opentelemetry/*'],
    logLevel: 'error',
  });
  const kube = await TestApiServer.start();
  onTestFinished(() => kube.stop());
  kube.put('pods', {
    metadata: { namespace: 'shop', name: 'web-0', labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'web' }] },
    status: { phase: 'Running' },
  });
  let value = 7;
  const target = await serve(text(() => `# TYPE queue gauge\nqueue{namespace="shop",pod="web-0"} ${value}\n`));
  const authority = await Authority.create('ca');
  const { cert, key } = await authority.issue({ subject: 'CN=localhost', use: 'server' });
  const files = {
    'tls.crt': cert,
    'tls.key': key,
    'kubeconfig.yaml': JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: kube.url.href } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: '' } }],
      'current-context': 'c',
    }),
    'collector.yaml': JSON.stringify({
      global: { scrape_interval: `${INTERVAL_MS}ms`, scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'web', honor_labels: true, static_configs: [{ targets: [target.address] }] }],
      storage: { path: join(folder, 'data') },
      listen: '127.0.0.1:0',
      metrics_api: {
        listen: '127.0.0.1:0',
        auth: 'none',
        tls: { cert_file: join(folder, 'tls.crt'), key_file: join(folder, 'tls.key') },
      },
    }),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const run = (): Promise<Running> => start(program, join(folder, 'collector.yaml'), join(folder, 'kubeconfig.yaml'));
  const first = await run();
  expect(await untilThere(first, authority.cert, performance.now() + 60_000)).toMatchObject({ value: '7' });
  first.child.kill('SIGKILL');
  const killedMs = performance.now();
  value = 8;
  await once(first.child, 'exit');
  const second = await run();
  // What was recorded before the kill is answered at once, with its own time.
  const back = await untilThere(second, authority.cert, killedMs + 2 * INTERVAL_MS);
  expect(performance.now() - killedMs).toBeLessThan(2 * INTERVAL_MS);
  expect(['7', '8']).toContain(back.value);
  expect(Date.now() - Date.parse(back.timestamp)).toBeLessThan(4 * INTERVAL_MS);
  second.child.kill('SIGTERM');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
}, 120_000);
