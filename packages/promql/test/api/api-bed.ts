/** The API over a storage in memory, asked through fastify without a socket. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import fastify, { type FastifyInstance } from 'fastify';
import type { PrometheusApiOptions } from '../../src/api/options.ts';
import { prometheusApi } from '../../src/api/prometheus-api.ts';
import { QueryCounts } from '../../src/api/query-counts.ts';
import { Engine } from '../../src/evaluate/engine.ts';
import { embeddedEngine } from '../../src/evaluate/query-engine.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import type { Querier } from '../../src/storage/querier.ts';

export type Parameters = Readonly<Record<string, string | readonly string[]>>;

export interface Answered {
  readonly status: number;
  /** Parsed; undefined without a body. */
  readonly json: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface ApiBed {
  readonly app: FastifyInstance;
  readonly counts: QueryCounts;
  get(path: string, parameters?: Parameters, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  post(path: string, parameters: Parameters, headers?: Readonly<Record<string, string>>): Promise<Answered>;
}

/** Querier by Querier: what is not given answers as an empty storage. */
export function querierOf(querier: Partial<Querier>): Querier {
  const storage = new MemoryStorage();
  return {
    select: (...args) => storage.select(...args),
    labelNames: (...args) => storage.labelNames(...args),
    labelValues: (...args) => storage.labelValues(...args),
    series: (...args) => storage.series(...args),
    metadata: () => storage.metadata(),
    exemplars: () => storage.exemplars(),
    ...querier,
  };
}

/** `querier` and the embedded engine over it, unless options say otherwise. */
export async function apiOver(querier: Querier, options: Partial<PrometheusApiOptions> = {}): Promise<ApiBed> {
  const counts = options.counts ?? new QueryCounts(() => {});
  const app = fastify();
  await app.register(prometheusApi, {
    source: { kind: 'embedded', engine: embeddedEngine(new Engine(), querier), querier },
    clock: new FakeClock(123_000),
    log: createLog('error', { write: () => {} }),
    counts,
    ...options,
  });
  const answered = ({
    statusCode,
    body,
    headers,
  }: {
    readonly statusCode: number;
    readonly body: string;
    readonly headers: object;
  }): Answered => ({
    status: statusCode,
    text: body,
    json: body === '' || !body.startsWith('{') ? undefined : JSON.parse(body),
    headers: { ...headers },
  });
  return {
    app,
    counts,
    get: async (path, parameters = {}, headers = {}) =>
      answered(await app.inject({ method: 'GET', url: `/api/v1${path}?${formOf(parameters)}`, headers })),
    post: async (path, parameters, headers = {}) =>
      answered(
        await app.inject({
          method: 'POST',
          url: `/api/v1${path}`,
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          payload: formOf(parameters).toString(),
        }),
      ),
  };
}

export function formOf(parameters: Parameters): URLSearchParams {
  return new URLSearchParams(
    Object.entries(parameters).flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
    ),
  );
}

/** A sample a minute from 0 to 100 min. */
export function storageWith(
  ...series: readonly (readonly [labels: Readonly<Record<string, string>>, valueAt: (minute: number) => number])[]
): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [labels, valueAt] of series) {
    const samples = Array.from({ length: 101 }, (_, minute) => ({
      timestampMs: minute * 60_000,
      value: valueAt(minute),
      startTimestampMs: 0,
    }));
    storage.append(LabelSet.of(labels), samples);
  }
  return storage;
}

/** The series of Prometheus' own tests of this API. */
export function prometheusTestStorage(): MemoryStorage {
  const one = (): number => 1;
  return storageWith(
    [{ __name__: 'test_metric1', foo: 'bar' }, (minute) => 100 * minute],
    [{ __name__: 'test_metric1', foo: 'boo' }, one],
    [{ __name__: 'test_metric2', foo: 'boo' }, one],
    [{ __name__: 'test_metric3', foo: 'bar', dup: '1' }, one],
    [{ __name__: 'test_metric3', foo: 'boo', dup: '1' }, one],
    [{ __name__: 'test_metric4', foo: 'bar', dup: '1' }, one],
    [{ __name__: 'test_metric4', foo: 'boo', dup: '1' }, one],
    [{ __name__: 'test_metric4', foo: 'boo' }, one],
    [{ __name__: 'test_metric5', 'host.name': 'localhost' }, one],
    [{ __name__: 'test_metric5', 'junk\n{},=:  chars': 'bar' }, one],
  );
}
