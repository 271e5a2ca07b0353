/** A client of a test API server, and what a reflector told, for the tests of one file. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog, type Log } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { onTestFinished } from 'vitest';
import { KubeClient } from '../src/client.ts';
import type { Collection } from '../src/collection.ts';
import type { KubeConfig } from '../src/config.ts';
import { type Pod, podForm } from '../src/objects.ts';
import { Reflector, type ReflectorHandlers } from '../src/reflector.ts';
import { TestApiServer, type TestApiServerOptions } from '../src/testing/api-server.ts';

export async function startServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const server = await TestApiServer.start(options);
  onTestFinished(() => server.stop());
  return server;
}

export interface TestClient {
  readonly client: KubeClient;
  readonly clock: FakeClock;
  readonly reloadFailures: string[];
}

export function clientOf(
  config: KubeConfig,
  clock = new FakeClock(),
  env: Readonly<Record<string, string>> = {},
): TestClient {
  const reloadFailures: string[] = [];
  const client = new KubeClient(config, {
    clock,
    env,
    userAgent: 'vigie/test',
    reloadFailed: (detail) => reloadFailures.push(detail),
  });
  onTestFinished(() => client.close());
  return { client, clock, reloadFailures };
}

/** @returns resolves when the condition holds; what comes over real sockets comes when it comes */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** As until(), with the clock moved on in steps meanwhile: for what waits on timers and on sockets in turn. */
export async function untilAdvancing(clock: FakeClock, condition: () => boolean, stepMs = 100): Promise<void> {
  while (!condition()) {
    await clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export const never = new AbortController().signal;

export function logTo(lines: string[]): Log {
  return createLog('debug', { write: (line) => void lines.push(line) });
}

export const podsOfNode: Collection<Pod> = {
  path: '/api/v1/pods',
  selectors: { fieldSelector: 'spec.nodeName=node-0' },
  form: podForm(),
  key: (pod) => pod.uid,
};

export interface TestReflector {
  readonly reflector: Reflector<Pod>;
  readonly clock: FakeClock;
  /** `replaced web-0,web-1`, `applied web-0`, `removed web-0`. */
  readonly told: string[];
  readonly log: string[];
}

export function reflectorOf(
  server: TestApiServer,
  options: {
    readonly clock?: FakeClock;
    readonly handlers?: Partial<ReflectorHandlers<Pod>>;
    readonly silenceMs?: number;
  } = {},
): TestReflector {
  const { client, clock } = clientOf(server.config(), options.clock);
  const told: string[] = [];
  const log: string[] = [];
  const reflector = new Reflector(
    client,
    podsOfNode,
    {
      replaced: (all) =>
        told.push(
          `replaced ${[...all.values()]
            .map(({ name }) => name)
            .sort()
            .join(',')}`,
        ),
      applied: (_key, { name }) => told.push(`applied ${name}`),
      removed: (_key, { name }) => told.push(`removed ${name}`),
      ...options.handlers,
    },
    {
      clock,
      random: seededRandom(7),
      log: logTo(log),
      ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
    },
  );
  onTestFinished(() => reflector.close());
  return { reflector, clock, told, log };
}
