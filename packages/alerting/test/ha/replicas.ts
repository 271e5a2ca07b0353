/** Replicas of an engine on one fake clock, which share their work through an API server in this process. Real HTTP, and time that stands still
 *  until nothing is on the wire. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { type Random, seededRandom } from '@vigie/core/random';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { onTestFinished } from 'vitest';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { isResolved } from '../../src/dispatch/alert.ts';
import { AlertEngine } from '../../src/engine.ts';
import type { EngineSettings } from '../../src/engine-settings.ts';
import { HighAvailability } from '../../src/ha/high-availability.ts';
import type { HistoryEvent } from '../../src/history/history-event.ts';
import { NotifyCounts } from '../../src/notify/notify-counts.ts';
import type { Notification, SendOutcome } from '../../src/receivers/integration.ts';
import { type AlertTimes, posted } from '../alerts/alerts.ts';
import { folderWith } from '../folder.ts';
import { MINUTE, SECOND } from '../lab.ts';
import { MemoryFs } from '../state/memory-fs.ts';
import { hasBytesUnderWay } from './bytes-under-way.ts';
import { CuttableLink } from './cuttable-link.ts';
import { hasRequestsUnderWay } from './requests-under-way.ts';

/** One group for each name of an alert. */
export const CONFIG = `receivers: [${['a', 'lead'].map((name) => `{ name: ${name}, webhook_configs: [{ url: 'http://localhost/' }] }`).join(', ')}]
route: { receiver: a, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 1h }`;

const NO_RECEIVERS: EngineSettings['receiverOptions'] = new Map();
const STEP_MS = 250;
/** Other threads, which zip what is shared, are done when nothing has been sent for so long. */
const QUIET_MS = 4;
/** Longer than anything is on its way here: what nobody reads would be for ever. */
const MOST_MS = 2_000;

export interface Sent {
  readonly by: string;
  readonly atMs: number;
  /** Of its alerts; `-` before one that is over. */
  readonly names: readonly string[];
  readonly reason: string;
}

interface World {
  readonly shards?: number;
  readonly seed?: number;
  readonly receivers?: EngineSettings['receiverOptions'];
  readonly kind?: string;
}

export class Replicas {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 29));
  readonly api: TestApiServer;
  readonly sent: Sent[] = [];
  readonly replicas = new Map<string, TestReplica>();
  readonly random: Random;
  readonly shards: number;
  readonly receivers: EngineSettings['receiverOptions'];
  /** Of integrations. */
  readonly kind: string;

  private constructor(api: TestApiServer, { shards = 8, seed = 1, receivers = NO_RECEIVERS, kind = 'webhook' }: World) {
    this.api = api;
    this.shards = shards;
    this.receivers = receivers;
    this.kind = kind;
    this.random = seededRandom(seed);
  }

  static async start(names: readonly string[], world: World = {}): Promise<Replicas> {
    const api = await TestApiServer.start();
    const replicas = new Replicas(api, world);
    onTestFinished(async () => {
      for (const replica of replicas.replicas.values()) replica.kill();
      await api.stop();
    });
    for (const name of names) await replicas.add(name);
    return replicas;
  }

  get(name: string): TestReplica {
    const replica = this.replicas.get(name);
    if (replica === undefined) throw new Error(`there is no replica ${name}`);
    return replica;
  }

  get alive(): readonly TestReplica[] {
    return [...this.replicas.values()].filter(({ isDead }) => !isDead);
  }

  /** @param fs what its disk has from a life before */
  async add(name: string, fs = new MemoryFs()): Promise<TestReplica> {
    const replica = new TestReplica(name, this, fs);
    this.replicas.set(name, replica);
    const started = replica.start();
    await this.until(() => replica.isStarted);
    await started;
    return replica;
  }

  /** Lets time pass, and what is on the wire arrive. */
  async after(ms: number, stepMs = STEP_MS): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      await this.clock.advance(stepMs);
      await this.#quiet();
    }
  }

  async until(condition: () => boolean): Promise<void> {
    for (let steps = 0; !condition(); steps++) {
      if (steps > 1200) throw new Error('it does not come to be');
      await this.after(STEP_MS);
    }
  }

  /** Names of alerts by who sent them, since the last call. */
  takeSent(): readonly string[] {
    return this.sent.splice(0).map(({ by, names }) => `${by}: ${names.join(' ')}`);
  }

  /** Whoever owns the group of an alert. */
  ownerOf(alertname: string): TestReplica {
    const key = `{}:{alertname="${alertname}"}`;
    const owners = this.alive.filter(({ ha }) => ha.ownsGroup(key));
    const [owner] = owners;
    if (owner === undefined || owners.length > 1) throw new Error(`${owners.length} replicas own ${key}`);
    return owner;
  }

  async #quiet(): Promise<void> {
    const sinceMs = performance.now();
    const isBusy = (): boolean => hasBytesUnderWay() && performance.now() - sinceMs < MOST_MS;
    do await new Promise((resolve) => setTimeout(resolve, 1));
    while (hasRequestsUnderWay() || isBusy() || performance.now() - CuttableLink.activeAtMs < QUIET_MS);
  }
}

/** @returns the path of one for a server */
export async function kubeconfigOf(server: string): Promise<string> {
  const kubeconfig = join(await folderWith(), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'mon' } }],
    'current-context': 'c',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return kubeconfig;
}

export class TestReplica {
  readonly name: string;
  readonly fs: MemoryFs;
  readonly log: string[] = [];
  readonly history: HistoryEvent[] = [];
  isDead = false;
  isStarted = false;
  /** Its clock shows another time by so much. */
  skewMs = 0;
  /** What becomes of what it sends. */
  answer: (signal: AbortSignal) => SendOutcome | Promise<SendOutcome> = () => ({ kind: 'sent' });
  readonly #world: Replicas;
  readonly #link: CuttableLink;
  #engine: AlertEngine | undefined;
  #ha: HighAvailability | undefined;

  constructor(name: string, world: Replicas, fs: MemoryFs) {
    this.name = name;
    this.fs = fs;
    this.#world = world;
    this.#link = new CuttableLink(world.api.url);
  }

  get engine(): AlertEngine {
    if (this.#engine === undefined) throw new Error('it has not started');
    return this.#engine;
  }

  get ha(): HighAvailability {
    if (this.#ha === undefined) throw new Error('it has not started');
    return this.#ha;
  }

  set isCut(isCut: boolean) {
    this.#link.isCut = isCut;
  }

  get isCut(): boolean {
    return this.#link.isCut;
  }

  async start(): Promise<void> {
    const kubeconfig = await kubeconfigOf(await this.#link.start());
    const log = createLog('debug', { write: (line) => void this.log.push(line) });
    const clock = this.#clock();
    const random = seededRandom(this.name.charCodeAt(0));
    const { shards } = this.#world;
    this.#ha = new HighAvailability(
      {
        config: { name: 'alerts', namespace: undefined, replica: this.name, shards, kubeconfig },
        replica: this.name,
        address: () => `${this.name}:9093`,
      },
      { clock, random, log, env: {}, version: 'test' },
    );
    let ids = 0;
    this.#engine = new AlertEngine('/data/alerting', this.#settings(), {
      clock,
      random,
      log,
      fs: this.fs,
      newId: () => `${this.name}-${ids++}`,
      counts: new NotifyCounts(() => undefined),
      record: (event) => this.history.push(event),
      replication: this.#ha,
    });
    await this.#engine.start();
    this.isStarted = true;
  }

  post(alertname: string, times: AlertTimes = {}, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const nowMs = this.#clock().nowMs();
    const defaults = { startsAtMs: nowMs, endsAtMs: nowMs + 60 * MINUTE, updatedAtMs: nowMs };
    return this.engine.post([posted({ alertname, ...labels }, { ...defaults, ...times })]);
  }

  resolve(alertname: string): Promise<void> {
    const nowMs = this.#clock().nowMs();
    return this.post(alertname, { startsAtMs: nowMs - 30 * SECOND, endsAtMs: nowMs });
  }

  /** As SIGKILL. */
  kill(): void {
    this.isDead = true;
    this.#link.close();
    void this.#engine?.close({ graceMs: 0 });
  }

  /** As SIGTERM. */
  async close(): Promise<void> {
    let isClosed = false;
    const closing = (async () => {
      await this.engine.close({ graceMs: 5000 });
      await this.ha.close();
      isClosed = true;
    })();
    await this.#world.until(() => isClosed);
    await closing;
    this.isDead = true;
    this.#link.close();
  }

  /** What it does once it is dead does not happen. */
  #clock(): Clock {
    const { clock } = this.#world;
    return {
      nowMs: () => clock.nowMs() + this.skewMs,
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, fire) => clock.setTimer(delayMs, () => this.isDead || fire()),
      sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    };
  }

  #settings(): EngineSettings {
    return {
      config: parseAlertmanagerConfig(CONFIG, 'alertmanager.yml'),
      options: {
        limits: { alerts: 10_000, alertSize: 10_000 },
        startupHoldMs: 2 * MINUTE,
        retentionMs: 120 * 60 * MINUTE,
        resolveWhatFired: true,
        resolveReason: true,
      },
      receiverOptions: this.#world.receivers,
      integrationsOf: ({ name }) => [
        {
          id: `${name}/webhook/0`,
          kind: this.#world.kind,
          sendsResolved: true,
          send: async (notification, signal) => {
            if (this.isDead) return new Promise(() => undefined);
            const outcome = await this.answer(signal);
            if (outcome.kind === 'sent') this.#note(notification);
            return outcome;
          },
        },
      ],
    };
  }

  #note({ alerts, timeMs, reason }: Notification): void {
    const names = alerts.map((alert) => `${isResolved(alert, timeMs) ? '-' : ''}${alert.labels.get('alertname')}`);
    this.#world.sent.push({ by: this.name, atMs: this.#world.clock.nowMs(), names, reason });
  }
}
