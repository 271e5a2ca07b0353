/** How long nobody is told when the replica that tells is killed: pairs of `vigie alerting` that share their work through an API server of the
 *  tests' own, which answers in a millisecond. In each run group_wait has elapsed and the owner has begun to tell when it gets SIGKILL; what
 *  counts is the time from there to the POST of the other one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Random, seededRandom } from '@vigie/core/random';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { type BenchContext, progress } from '../harness/context.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { quantile } from '../harness/statistics.ts';

export interface TakeoverOptions {
  readonly runs: number;
  readonly seed?: number;
}

export interface TakeoverFigures {
  readonly runs: number;
  readonly seed: number;
  /** From SIGKILL to the POST of the other replica. */
  readonly p50Ms: number;
  readonly p100Ms: number;
  /** Runs in which nobody was told within a minute. */
  readonly lost: number;
  /** Notifications that arrived once more: the owner's had arrived, and its answer had not. */
  readonly duplicates: number;
}

/** Side by side: they are idle most of the time. */
const PAIRS = 4;
const REPLICAS = ['a', 'b'] as const;
const START_TIMEOUT_MS = 60_000;
const SHOWN_CHARACTERS = 3000;
const LOST_AFTER_MS = 60_000;
/** Between the first attempt of the owner and its end: it may be anywhere between two renewals of its Lease. */
const KILL_WITHIN_MS = 2000;

type ReplicaName = (typeof REPLICAS)[number];

interface Hit {
  readonly replica: string;
  readonly alertname: string;
  readonly atMs: number;
  readonly response: ServerResponse;
}

/** Takes the POSTs of all pairs, and answers as each run says. */
class Webhook {
  readonly #server: Server;
  /** By pair. */
  readonly #onHit = new Map<string, (hit: Hit) => void>();

  constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  on(pair: string, onHit: (hit: Hit) => void): void {
    this.#onHit.set(pair, onHit);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const [, pair = '', replica = ''] = (request.url ?? '').split('/');
    const alertname = /"alertname":"([^"]+)"/.exec(Buffer.concat(chunks).toString())?.[1] ?? '';
    response.on('error', () => undefined);
    this.#onHit.get(pair)?.({ replica, alertname, atMs: performance.now(), response });
  }
}

class Pair {
  readonly #name: string;
  readonly #context: BenchContext;
  readonly #folder: string;
  readonly #kubeconfig: string;
  readonly #webhook: { readonly hook: Webhook; readonly url: string };
  readonly #children = new Map<ReplicaName, ChildProcess>();
  readonly #urls = new Map<ReplicaName, string>();
  /** Of each that was started, the last included. */
  readonly #outputs: (() => string)[] = [];
  #alerts = 0;

  constructor(
    name: string,
    context: BenchContext,
    place: { readonly folder: string; readonly kubeconfig: string },
    webhook: { readonly hook: Webhook; readonly url: string },
  ) {
    this.#name = name;
    this.#context = context;
    this.#folder = join(place.folder, name);
    this.#kubeconfig = place.kubeconfig;
    this.#webhook = webhook;
  }

  async start(): Promise<void> {
    await Promise.all(REPLICAS.map((replica) => this.#launch(replica)));
    await this.#untilShared();
  }

  /** @returns ms from the kill to the POST; undefined where it was lost */
  async run(random: Random): Promise<{ readonly takenMs: number | undefined; readonly isDuplicate: boolean }> {
    const alertname = `A${this.#alerts++}`;
    // It arrives, and its answer does not; or it does not arrive.
    const isDuplicate = random() < 0.5;
    const killAfterMs = random() * KILL_WITHIN_MS;
    let owner: string | undefined;
    let killedAtMs = Number.POSITIVE_INFINITY;
    let [begin, end]: ((atMs: number) => void)[] = [() => undefined, () => undefined];
    const begun = new Promise<number>((resolve) => (begin = resolve));
    const taken = new Promise<number>((resolve) => (end = resolve));
    this.#webhook.hook.on(this.#name, (hit) => {
      if (hit.alertname !== alertname) {
        hit.response.end();
        return;
      }
      owner ??= hit.replica;
      begin?.(hit.atMs);
      if (hit.replica !== owner && hit.atMs > killedAtMs) {
        hit.response.end();
        end?.(hit.atMs);
      } else if (!isDuplicate) hit.response.writeHead(503).end();
    });
    const body = JSON.stringify([{ labels: { alertname } }]);
    const headers = { 'content-type': 'application/json' };
    for (const url of this.#urls.values()) await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body });
    await begun;
    await setTimeout(killAfterMs);
    const killed = owner === 'a' ? 'a' : 'b';
    const child = this.#children.get(killed);
    killedAtMs = performance.now();
    child?.kill('SIGKILL');
    const overdue = setTimeout(LOST_AFTER_MS, undefined, { ref: false });
    const takenAtMs = await Promise.race([taken, overdue]);
    await this.#launch(killed);
    await this.#untilShared();
    return { takenMs: takenAtMs === undefined ? undefined : takenAtMs - killedAtMs, isDuplicate };
  }

  async close(): Promise<void> {
    for (const child of this.#children.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  async #launch(replica: ReplicaName): Promise<void> {
    const folder = join(this.#folder, replica);
    mkdirSync(folder, { recursive: true });
    const url = `${this.#webhook.url}/${this.#name}/${replica}`;
    writeFileSync(
      join(folder, 'alertmanager.yml'),
      JSON.stringify({
        route: { receiver: 'hook', group_by: ['alertname'], group_wait: '1s', group_interval: '5m' },
        receivers: [{ name: 'hook', webhook_configs: [{ url }] }],
      }),
    );
    const config = {
      data_dir: 'data',
      log_level: 'info',
      alertmanager_config: 'alertmanager.yml',
      ha: { type: 'kubernetes', name: this.#name, replica, kubeconfig: this.#kubeconfig },
    };
    writeFileSync(join(folder, 'alerting.yaml'), JSON.stringify(config));
    const binary = join(this.#context.rootDir, 'packages/cli/bin/vigie.cjs');
    const args = [binary, 'alerting', '--config', join(folder, 'alerting.yaml'), '--listen', '127.0.0.1:0'];
    const child = spawn(measuredNode().nodePath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.set(replica, child);
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    this.#outputs.push(() => output);
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`vigie alerting ended:\n${output}`);
      const [, listening] = /^listening on (\S+) \(http\)$/m.exec(output) ?? [];
      if (listening === undefined) return false;
      this.#urls.set(replica, listening);
      return (await fetch(`${listening}/readyz`)).status === 200;
    };
    await until(isReady, 'vigie alerting to be ready', this.#explain);
  }

  /** Each owns half of the work. */
  #untilShared(): Promise<void> {
    const owned = async (url: string): Promise<number> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/^vigie_alerting_ha_shards\{owner="self"\} (\d+)$/m.exec(text)?.[1]);
    };
    const isShared = async (): Promise<boolean> => {
      const counts = await Promise.all([...this.#urls.values()].map(owned));
      return counts.length === REPLICAS.length && counts.every((count) => count === counts[0] && count > 0);
    };
    return until(isShared, 'the replicas to share the work', this.#explain);
  }

  readonly #explain = (): string => this.#outputs.map((output) => output().slice(-SHOWN_CHARACTERS)).join('\n');
}

async function until(condition: () => Promise<boolean>, what: string, explain: () => string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}:\n${explain()}`);
    await setTimeout(50);
  }
}

function writeKubeconfig(folder: string, server: URL): string {
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: server.origin } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
    'current-context': 'c',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The bundles must have been built. Takes about two minutes for a hundred runs. */
export async function runTakeover(context: BenchContext, options: TakeoverOptions): Promise<TakeoverFigures> {
  const { runs, seed = 20_261_130 } = options;
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-takeover-'));
  const api = await TestApiServer.start();
  const hook = new Webhook();
  const webhook = { hook, url: await hook.start() };
  const place = { folder, kubeconfig: writeKubeconfig(folder, api.url) };
  const pairs = Array.from(
    { length: Math.min(PAIRS, runs) },
    (_, index) => new Pair(`pair-${index}`, context, place, webhook),
  );
  const takenMs: number[] = [];
  let [begun, lost, duplicates] = [0, 0, 0];
  try {
    for (const pair of pairs) await pair.start();
    await Promise.all(
      pairs.map(async (pair) => {
        while (begun < runs) {
          begun += 1;
          const result = await pair.run(random);
          if (result.takenMs === undefined) lost += 1;
          else takenMs.push(result.takenMs);
          if (result.isDuplicate && result.takenMs !== undefined) duplicates += 1;
          const done = takenMs.length + lost;
          if (done % 10 === 0)
            progress(`${done} of ${runs} owners killed, ${Math.max(...takenMs).toFixed(0)} ms at most`);
        }
      }),
    );
  } finally {
    for (const pair of pairs) await pair.close();
    hook.close();
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return { runs, seed, p50Ms: quantile(takenMs, 0.5), p100Ms: quantile(takenMs, 1), lost, duplicates };
}
