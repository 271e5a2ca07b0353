/** What the admission webhook adds to the creation of a pod: reviews at a steady rate from an API server's handful of
 *  connections, each timed from when it was due, so that one that has to wait for another counts its wait (and the generator's own
 *  lateness, up to a millisecond of its timer). */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeCertificates } from '@vigie/kube/certificates/make-certificates';
import { startProgram } from '../harness/child.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { quantile } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';

/** The issue's: p99 under 5 ms at 200 reviews a second. */
const RATES = [200, 500];
const CONNECTIONS = 8;
const DAY_MS = 86_400_000;

interface Reading {
  readonly ratePerSecond: number;
  readonly reviews: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly coreShare: number;
  readonly peakRssBytes: number;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: { quick: { type: 'boolean', default: false }, seconds: { type: 'string', default: '60' } },
  });
  const seconds = values.quick ? 5 : Number(values.seconds);
  const cores = claimCores();
  const reviewsFolder = join(context.rootDir, 'packages/sidecar/testdata/reviews');
  const reviews = readdirSync(reviewsFolder).map((file) => readFileSync(join(reviewsFolder, file)));
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-webhook-'));
  const made = await makeCertificates('bench', ['localhost'], Date.now(), DAY_MS);
  writeFileSync(join(folder, 'tls.crt'), made.cert);
  writeFileSync(join(folder, 'tls.key'), made.key);
  const tls = { cert_file: join(folder, 'tls.crt'), key_file: join(folder, 'tls.key') };
  writeFileSync(
    join(folder, 'webhook.yaml'),
    JSON.stringify({ listen: '127.0.0.1:0', log_level: 'warn', admission: { listen: '127.0.0.1:0', tls } }),
  );
  const program = startProgram({
    command: measuredNode().nodePath,
    args: [
      join(context.rootDir, 'packages/cli/bin/vigie.cjs'),
      'sidecar',
      'webhook',
      '--config',
      join(folder, 'webhook.yaml'),
    ],
    core: cores.agent,
    cwd: folder,
    outputFile: join(folder, 'output'),
  });
  const readings: Reading[] = [];
  try {
    program.release();
    const [, port] = await program.saying(/^listening on https:\/\/127\.0\.0\.1:(\d+) \(admission\)$/m);
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: made.ca, servername: 'localhost' });
    const ask = (body: Buffer) => review(agent, Number(port), body);
    // Code is compiled, and connections are open, after a few seconds of any webhook's life.
    await atRate(200, 3, reviews, ask);
    for (const ratePerSecond of RATES) {
      progress(`${ratePerSecond} reviews a second for ${seconds} s`);
      const cpuBefore = cpuSecondsOf(program.pid);
      const latenciesMs = await atRate(ratePerSecond, seconds, reviews, ask);
      const answered = latenciesMs.filter((latencyMs) => latencyMs !== undefined);
      readings.push({
        ratePerSecond,
        reviews: latenciesMs.length,
        failed: latenciesMs.length - answered.length,
        p50Ms: quantile(answered, 0.5),
        p99Ms: quantile(answered, 0.99),
        maxMs: quantile(answered, 1),
        coreShare: (cpuSecondsOf(program.pid) - cpuBefore) / seconds,
        peakRssBytes: memoryOf(program.pid).peakRssBytes,
      });
    }
    agent.destroy();
  } finally {
    await program.end();
    rmSync(folder, { recursive: true });
  }
  const table = markdownTable(
    ['reviews/s', 'p50, ms', 'p99, ms', 'longest, ms', 'not answered', 'of a core', 'peak RSS, MB'],
    readings.map((one) => [
      String(one.ratePerSecond),
      one.p50Ms.toFixed(2),
      one.p99Ms.toFixed(2),
      one.maxMs.toFixed(1),
      `${one.failed} of ${one.reviews}`,
      `${(one.coreShare * 100).toFixed(0)} %`,
      (one.peakRssBytes / 1e6).toFixed(0),
    ]),
  );
  console.log(table);
  if (values.quick) return;
  const about = environment(context.rootDir);
  mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
  const result = { environment: about, seconds, connections: CONNECTIONS, readings };
  writeFileSync(join(context.rootDir, 'bench/results/webhook.json'), `${JSON.stringify(result, null, 2)}\n`);
  const footer = `${about.summary}, Node ${process.version}.`;
  replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'webhook', `${table}\n\n${footer}`);
}

/** Sends reviews when they are due, whatever became of those before.
 *  @returns the latency of each, undefined where there was no answer of 200 */
async function atRate(
  ratePerSecond: number,
  seconds: number,
  reviews: readonly Buffer[],
  ask: (review: Buffer) => Promise<boolean>,
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
    const body = reviews[sent % reviews.length] ?? Buffer.alloc(0);
    pending.push(ask(body).then((isAnswered) => (isAnswered ? performance.now() - dueMs : undefined)));
    sent++;
  }
  return Promise.all(pending);
}

function review(agent: Agent, port: number, body: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        path: '/mutate',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode === 200));
      },
    );
    sent.once('error', () => resolve(false));
    sent.end(body);
  });
}
