/** A receiver over a database in a folder of its own, and what is in it. */
import * as fs from 'node:fs/promises';
import { FakeClock } from '@vigie/core/fake-clock';
import type { HttpReply } from '@vigie/core/http-server/exchange';
import { createLog } from '@vigie/core/log';
import { Engine } from '@vigie/promql/evaluate/engine';
import { describeLabels } from '@vigie/promql/text/labels';
import type { HeadOptions } from '@vigie/tsdb/head/options';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { onTestFinished } from 'vitest';
import { DEFAULT_OTLP, type OtlpConfig, type OtlpTranslation } from '../../src/config/otlp-config.ts';
import { MetricsReceiver } from '../../src/otlp/metrics-receiver.ts';
import { tempFolder } from '../temp-folder.ts';

export interface ReceiverBed {
  readonly clock: FakeClock;
  readonly tsdb: Tsdb;
  readonly receiver: MetricsReceiver;
  readonly logged: readonly Record<string, unknown>[];
  /** @param body as it comes over the wire, or what is to be sent as JSON */
  push(body: object | Buffer, headers?: Readonly<Record<string, string>>): Promise<HttpReply>;
  /** Samples by series, `NAME{LABELS}`: times in seconds from the start of the clock. */
  samples(selector?: string): Promise<Readonly<Record<string, readonly (readonly [number, number])[]>>>;
}

export interface BedOptions {
  readonly translation?: Partial<OtlpTranslation>;
  readonly config?: Partial<OtlpConfig>;
  readonly head?: Partial<HeadOptions>;
  readonly isStarted?: boolean;
}

/** Of the clock, Unix nanoseconds. */
export function nano(clock: FakeClock, seconds: number): string {
  return `${clock.nowMs() + seconds * 1000}000000`;
}

export async function receiverBed(options: BedOptions = {}): Promise<ReceiverBed> {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const logged: Record<string, unknown>[] = [];
  const log = createLog('debug', { write: (line) => logged.push(JSON.parse(line)) });
  const failed = (_operation: string, error: unknown): void => {
    throw error;
  };
  const tsdb = new Tsdb({ folder: await tempFolder(), head: options.head ?? {} }, { fs, clock, reports: { failed } });
  if (options.isStarted !== false) await tsdb.start();
  onTestFinished(() => tsdb.close());
  const translation = { ...DEFAULT_OTLP.translation, ...options.translation };
  const receiver = new MetricsReceiver({ ...DEFAULT_OTLP, translation, ...options.config }, { tsdb, clock, log });
  const route = receiver.route('/v1/metrics');
  const engine = new Engine();
  return {
    clock,
    tsdb,
    receiver,
    logged,
    push: async (body, headers = {}) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      const type = Buffer.isBuffer(body) ? 'application/x-protobuf' : 'application/json';
      return route.handler({
        method: 'POST',
        path: route.path,
        rest: '',
        query: new URLSearchParams(),
        headers: { 'content-type': type, 'content-length': String(bytes.length), ...headers },
        signal: new AbortController().signal,
        body: async () => bytes,
      });
    },
    samples: async (selector = '{__name__=~".+"}') => {
      const signal = new AbortController().signal;
      const { result } = await engine.instant(tsdb.querier, `${selector}[2h]`, startMs + 3_600_000, signal);
      if (result.type !== 'matrix') throw new Error(result.type);
      return Object.fromEntries(
        result.series.map(({ labels, timestampsMs, values, histograms }) => [
          labels.get('__name__') + describeLabels(labels.without('__name__')),
          Array.from(timestampsMs, (timestampMs, at) => [
            (timestampMs - startMs) / 1000,
            histograms?.[at]?.count ?? values[at]!,
          ]),
        ]),
      );
    },
  };
}

/** Of one resource and scope. */
export function requestOf(metrics: readonly object[], resource: Readonly<Record<string, string>> = {}): object {
  const attributes = Object.entries(resource).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 's' }, metrics }] }] };
}
