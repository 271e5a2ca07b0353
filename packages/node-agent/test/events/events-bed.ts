/** Sources of events on a test API server, and what they push. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import type { PushedGroup } from '@vigie/log-pipeline/lane/push-lane';
import type { Outlet } from '@vigie/log-pipeline/sources/intake';
import * as v from 'valibot';
import { onTestFinished } from 'vitest';
import { kubernetesEventsSchema } from '../../src/events/events-config.ts';
import { KubernetesEventsSource } from '../../src/events/events-source.ts';

/** Takes everything, or holds it back until it is told what becomes of it. */
export class TestOutlet implements Outlet {
  readonly groups: PushedGroup[] = [];
  #held: ((taken: boolean) => void)[] = [];
  #holds = false;

  push(groups: readonly PushedGroup[]): Promise<boolean> {
    this.groups.push(...groups);
    return this.#holds ? new Promise((resolve) => this.#held.push(resolve)) : Promise.resolve(true);
  }

  hold(): void {
    this.#holds = true;
  }

  release(taken: boolean): void {
    this.#holds = false;
    for (const settle of this.#held.splice(0)) settle(taken);
  }

  get messages(): string[] {
    return this.groups.flatMap(({ records }) => records.map(({ message }) => Buffer.from(message).toString()));
  }

  /** What a sink's document ids are made of. */
  get ids(): string[] {
    return this.groups.flatMap(({ facts, records }) => records.map(({ sequence }) => `${facts.idPrefix}-${sequence}`));
  }
}

export interface TestSource {
  readonly source: KubernetesEventsSource;
  readonly outlet: TestOutlet;
  readonly accepted: () => number;
}

export class EventsBed {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 21, 12));
  readonly logged: string[] = [];
  readonly api: TestApiServer;
  readonly #kubeconfig: string;

  private constructor(api: TestApiServer, folder: string) {
    this.api = api;
    this.#kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      this.#kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'logs' } }],
        clusters: [{ name: 'c', cluster: { server: api.url.href } }],
        users: [{ name: 'u', user: { token: 't' } }],
      }),
    );
  }

  static async start(): Promise<EventsBed> {
    const api = await TestApiServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'vigie-events-'));
    onTestFinished(async () => {
      await api.stop();
      rmSync(folder, { recursive: true });
    });
    return new EventsBed(api, folder);
  }

  /** Starts the source of one pod.
   *  @param section of the configuration, beside its type */
  async startSource(pod: string, section: object = {}, { once = false } = {}): Promise<TestSource> {
    let accepted = 0;
    const config = v.parse(kubernetesEventsSchema, { type: 'kubernetes_events', ...section });
    const source = new KubernetesEventsSource(
      'cluster',
      config,
      { kubeconfig: this.#kubeconfig, clusterName: 'paris' },
      {
        clock: this.clock,
        random: seededRandom(pod.length * 31 + pod.charCodeAt(pod.length - 1)),
        fs: fsPromises,
        nodeName: 'node-0',
        once,
        log: createLog('debug', { write: (line) => void this.logged.push(line) }),
        env: { POD_NAME: pod },
        version: '0.0.0',
        events: {
          count: (_source, _outcome, records) => {
            accepted += records;
          },
          warn: () => undefined,
        },
      },
    );
    const outlet = new TestOutlet();
    await source.start();
    source.connect([outlet]);
    onTestFinished(() => {
      outlet.release(false);
    });
    return { source, outlet, accepted: () => accepted };
  }

  /** Creates an event, or counts it once more. */
  event(name: string, message: string, changes: object = {}): void {
    this.api.put('events', {
      metadata: { name, namespace: 'shop', creationTimestamp: '2026-11-21T11:00:00Z' },
      involvedObject: {
        kind: 'Pod',
        namespace: 'shop',
        name: 'web-0',
        uid: 'pod-uid',
        apiVersion: 'v1',
        fieldPath: 'spec.containers{web}',
      },
      reason: 'BackOff',
      message,
      type: 'Warning',
      count: 1,
      firstTimestamp: '2026-11-21T11:00:00Z',
      lastTimestamp: '2026-11-21T11:30:00Z',
      source: { component: 'kubelet', host: 'node-7' },
      ...changes,
    });
  }

  get lease() {
    return this.api.store.find('leases', 'logs', 'vigie-events');
  }

  /** Resolves when the condition holds, with the clock moved on meanwhile. */
  async until(condition: () => boolean, stepMs = 100): Promise<void> {
    while (!condition()) {
      await this.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
