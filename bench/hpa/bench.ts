/** What the HPA controller waits for a custom metric of 100 pods among 10,000: requests at a steady rate over TLS, each timed from when
 *  it was due, so that one that has to wait for another counts its wait. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { startProgram } from '../harness/child.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { quantile } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import { APPS, METRICS, NAMESPACE, PODS } from './workload.ts';

/** The issue's: p99 under 10 ms and p50 under 2 ms at 200 requests a second. */
const RATES = [200, 400];
/** As the API server's proxy keeps. */
const CONNECTIONS = 4;
const PODS_OF_AN_APP = PODS / APPS;

/** `default` without a configuration, `rules` with one of prometheus-adapter's. */
const ADAPTERS = ['default', 'rules'] as const;

interface Reading {
  readonly adapter: (typeof ADAPTERS)[number];
  readonly ratePerSecond: number;
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly coreShare: number;
  readonly rssBytes: number;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: { quick: { type: 'boolean', default: false }, seconds: { type: 'string', default: '60' } },
  });
  const seconds = values.quick ? 5 : Number(values.seconds);
  const core = claimCores().agent;
  const readings: Reading[] = [];
  for (const adapter of ADAPTERS) readings.push(...(await measure(context, adapter, seconds, core)));
  const table = markdownTable(
    ['metrics by', 'requests/s', 'p50, ms', 'p99, ms', 'longest, ms', 'not answered', 'of a core', 'RSS, MB'],
    readings.map((one) => [
      one.adapter === 'default' ? 'no rule' : 'a rule of the adapter',
      String(one.ratePerSecond),
      one.p50Ms.toFixed(2),
      one.p99Ms.toFixed(2),
      one.maxMs.toFixed(1),
      `${one.failed} of ${one.requests}`,
      `${(one.coreShare * 100).toFixed(0)} %`,
      (one.rssBytes / 1e6).toFixed(0),
    ]),
  );
  console.log(table);
  if (values.quick) return;
  const about = environment(context.rootDir);
  mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
  const result = { environment: about, seconds, connections: CONNECTIONS, pods: PODS, readings };
  writeFileSync(join(context.rootDir, 'bench/results/hpa.json'), `${JSON.stringify(result, null, 2)}\n`);
  const footer = `${about.summary}, Node ${measuredNode().nodeVersion}.`;
  replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'hpa', `${table}\n\n${footer}`);
}

async function measure(
  context: BenchContext,
  adapter: (typeof ADAPTERS)[number],
  seconds: number,
  core: number,
): Promise<readonly Reading[]> {
  const user = { username: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler', groups: [] };
  const reviews = { token: () => ({ authenticated: true, user }), access: () => ({ allowed: true }) };
  const kube = await TestApiServer.start({ reviews });
  kube.put('configmaps', {
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {},
  });
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-hpa-'));
  const program = startProgram({
    command: measuredNode().nodePath,
    args: [context.program('metrics-api.process')],
    core,
    cwd: folder,
    env: { KUBE_URL: kube.url.href, ADAPTER: adapter },
    outputFile: join(folder, 'output'),
  });
  const readings: Reading[] = [];
  try {
    program.release();
    const [, port] = await program.saying(/^listening on https:\/\/127\.0\.0\.1:(\d+) \(metrics-api\)$/m);
    const ca = bundleOf(kube);
    const servername = 'vigie-collector.monitoring.svc';
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca, servername });
    const metrics = adapter === 'rules' ? METRICS.slice(0, 2) : METRICS;
    const ask = (number: number) => askFor(agent, Number(port), metrics[number % metrics.length]!, number % APPS);
    // Code is compiled, and connections are open, after a few seconds of any collector's life; the list of metrics is made once.
    await atRate(100, 5, ask);
    for (const ratePerSecond of RATES) {
      progress(`${adapter}: ${ratePerSecond} requests a second for ${seconds} s`);
      const cpuBefore = cpuSecondsOf(program.pid);
      const latenciesMs = await atRate(ratePerSecond, seconds, ask);
      const answered = latenciesMs.filter((latencyMs) => latencyMs !== undefined);
      readings.push({
        adapter,
        ratePerSecond,
        requests: latenciesMs.length,
        failed: latenciesMs.length - answered.length,
        p50Ms: quantile(answered, 0.5),
        p99Ms: quantile(answered, 0.99),
        maxMs: quantile(answered, 1),
        coreShare: (cpuSecondsOf(program.pid) - cpuBefore) / seconds,
        rssBytes: memoryOf(program.pid).rssBytes,
      });
    }
    agent.destroy();
  } finally {
    await program.end();
    await kube.stop();
    rmSync(folder, { recursive: true });
  }
  return readings;
}

/** What the APIService trusts. */
function bundleOf(kube: TestApiServer): Buffer {
  const found: unknown = kube.store.find('apiservices', '', 'v1beta2.custom.metrics.k8s.io')?.spec;
  const bundle: unknown = typeof found === 'object' && found !== null ? Reflect.get(found, 'caBundle') : undefined;
  if (typeof bundle !== 'string') throw new Error('the APIService has no caBundle');
  return Buffer.from(bundle, 'base64');
}

/** Sends requests when they are due, whatever became of those before.
 *  @returns the latency of each, undefined where there was no whole answer */
async function atRate(
  ratePerSecond: number,
  seconds: number,
  ask: (number: number) => Promise<boolean>,
): Promise<readonly (number | undefined)[]> {
  const pending: Promise<number | undefined>[] = [];
  const startedAtMs = performance.now();
  for (let sent = 0; sent < ratePerSecond * seconds; ) {
    const dueMs = startedAtMs + (sent * 1000) / ratePerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) {
      await setTimeout(waitMs);
      continue;
    }
    pending.push(ask(sent).then((isWhole) => (isWhole ? performance.now() - dueMs : undefined)));
    sent++;
  }
  return Promise.all(pending);
}

/** @returns whether the answer has a value for each pod */
function askFor(agent: Agent, port: number, metric: string, app: number): Promise<boolean> {
  const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${NAMESPACE}/pods/%2A/${metric}?labelSelector=app%3Dapp-${app}`;
  return new Promise((resolve) => {
    const sent = request(
      { agent, host: '127.0.0.1', port, path, headers: { accept: 'application/json', authorization: 'Bearer hpa' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const values = Buffer.concat(chunks).toString().split('"describedObject"').length - 1;
          resolve(response.statusCode === 200 && values === PODS_OF_AN_APP);
        });
      },
    );
    sent.once('error', () => resolve(false));
    sent.end();
  });
}
