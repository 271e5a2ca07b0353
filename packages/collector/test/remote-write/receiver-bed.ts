/** A database that sends and one that receives, in one process: the receiver is the repository's own, and may fail as a test says. */
import { mkdtempSync, rmSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import type { Histogram } from '@vigie/promql/histogram/histogram';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { remoteWriteReceiver } from '@vigie/tsdb/api/remote-write';
import { TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import { Tsdb, type TsdbOptions } from '@vigie/tsdb/tsdb';
import fastify from 'fastify';
import {
  DEFAULT_METADATA,
  DEFAULT_QUEUE,
  type RemoteWriteOptions,
} from '../../src/remote-write/remote-write-options.ts';
import { RemoteWriteQueue } from '../../src/remote-write/remote-write-queue.ts';
import type { WriteAnswer, WriteClient, WriteFailure } from '../../src/remote-write/write-client.ts';

export const NOW = Date.UTC(2026, 0, 1);
const ALL_TIME = { fromMs: -1e15, toMs: 1e15 };
const HINTS = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };
const { signal } = new AbortController();
const MOST_TURNS = 4_000;

/** Two observations of at most 5. */
export const CUSTOM_BUCKETS: Histogram = {
  counterResetHint: 'unknown',
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 2,
  sum: 3,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveBuckets: [2],
  negativeBuckets: [],
  customValues: [5],
};

/** What comes of a request instead of an answer: nothing at all, no answer though it was taken, or this one. */
export type Fault = 'hang' | 'reset' | 'taken_then_reset' | WriteAnswer | undefined;

export interface Receiver extends WriteClient {
  readonly tsdb: Tsdb;
  /** Asked for each request. */
  fault: (request: number) => Fault;
  readonly requests: { readonly headers: Readonly<Record<string, string>>; readonly bytes: number }[];
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'vigie-remote-write-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function openTsdb(folder: string, clock: FakeClock, options: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const failed = (operation: string, error: unknown): void => {
    throw new Error(operation, { cause: error });
  };
  const tsdb = new Tsdb({ folder, ...options }, { fs, clock, reports: { failed } });
  await tsdb.start();
  return tsdb;
}

export async function receiver(
  folder: string,
  clock: FakeClock,
  options: Partial<TsdbOptions> = {},
): Promise<Receiver> {
  const tsdb = await openTsdb(folder, clock, options);
  const app = fastify();
  const log = createLog('error', { write: () => undefined });
  await app.register(remoteWriteReceiver, { tsdb, counts: new TsdbApiCounts(), log });
  const requests: Receiver['requests'] = [];
  const one: Receiver = {
    tsdb,
    requests,
    fault: () => undefined,
    post: async (body, headers, ending): Promise<WriteAnswer | WriteFailure> => {
      requests.push({ headers, bytes: body.length });
      const fault = one.fault(requests.length);
      if (fault === 'hang') {
        await new Promise((resolve) => ending.addEventListener('abort', resolve, { once: true }));
        ending.throwIfAborted();
      }
      if (fault === 'reset') return { status: 'failed', detail: 'ECONNRESET' };
      if (typeof fault === 'object') return fault;
      const answer = await app.inject({ method: 'POST', url: '/api/v1/write', payload: Buffer.from(body), headers });
      if (fault === 'taken_then_reset') return { status: 'failed', detail: 'ECONNRESET' };
      const answered = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
      return {
        status: 'answered',
        httpStatus: answer.statusCode,
        headers: Object.fromEntries(answered),
        text: answer.body.trim(),
      };
    },
    close: () => undefined,
  };
  return one;
}

export function status(httpStatus: number, headers: Readonly<Record<string, string>> = {}): WriteAnswer {
  return { status: 'answered', httpStatus, headers, text: 'no' };
}

export function config(changes: Partial<RemoteWriteOptions> = {}): RemoteWriteOptions {
  return {
    name: 'peer',
    url: new URL('http://peer.example/api/v1/write'),
    timeoutMs: 30_000,
    version: '2.0',
    sendExemplars: true,
    sendNativeHistograms: true,
    externalLabels: LabelSet.empty,
    relabel: (labels) => labels,
    queue: { ...DEFAULT_QUEUE, maxSamplesPerSend: 50, capacity: 200 },
    metadata: DEFAULT_METADATA,
    ...changes,
  };
}

export function queueOf(
  tsdb: Tsdb,
  client: WriteClient,
  folder: string,
  clock: FakeClock,
  changes: Partial<RemoteWriteOptions> = {},
): RemoteWriteQueue {
  return new RemoteWriteQueue(config(changes), {
    tsdb,
    folder: join(folder, 'positions'),
    fs,
    client,
    clock,
    random: seededRandom(1),
    log: createLog('error', { write: () => undefined }),
    userAgent: 'vigie/test',
    observeSeconds: () => undefined,
  });
}

/** One sample of each of so many series. */
export async function scrape(tsdb: Tsdb, series: number, timestampMs: number, value = 1): Promise<void> {
  const refs = Uint32Array.from({ length: series }, (_, n) => {
    const ref = tsdb.getOrCreate(LabelSet.of({ __name__: 'requests_total', pod: `pod-${n}` }));
    if (typeof ref === 'string') throw new Error(ref);
    return ref;
  });
  const timestampsMs = new Float64Array(series).fill(timestampMs);
  const values = Float64Array.from({ length: series }, (_, n) => value * 1000 + n);
  const { accepted, isLogged } = await tsdb.append({ count: series, refs, timestampsMs, values });
  if (accepted !== series || !isLogged) throw new Error(`${accepted} of ${series} accepted`);
}

/** Samples of all series, as text, by their labels. */
export async function contents(tsdb: Tsdb): Promise<ReadonlyMap<string, readonly string[]>> {
  const matchers = [new Matcher('__name__', '=~', '.+')];
  const { series } = await tsdb.querier.select({ matchers, range: ALL_TIME, hints: HINTS }, signal);
  const found = new Map<string, readonly string[]>();
  const columns = new SampleColumns();
  for (const one of series) {
    columns.clear();
    one.read(ALL_TIME, columns);
    const samples = Array.from({ length: columns.length }, (_, at) => {
      const histogram = columns.histograms?.[at];
      const value = histogram === undefined ? (columns.isStale(at) ? 'stale' : columns.values[at]) : histogram.count;
      return `${columns.timestampsMs[at]} ${value}`;
    });
    found.set(JSON.stringify(one.labels), samples);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Lets I/O and timers go on until it holds; the clock moves on a little each time. */
export async function until(clock: FakeClock, holds: () => boolean | Promise<boolean>, stepMs = 100): Promise<void> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    if (await holds()) return;
    await clock.advance(stepMs);
    // Files are real ones, and take real time.
    await setTimeout(1);
  }
  throw new Error('it never came to hold');
}
