/** A database behind its HTTP routes. */
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { encodeWriteRequest, type WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import { CONTENT_TYPES, type RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import type { WrittenMetadata } from '@vigie/wire/remote-write/write-columns';
import { compress } from '@vigie/wire/snappy';
import fastify, { type FastifyInstance } from 'fastify';
import { federate } from '../../src/api/federate.ts';
import { remoteWriteReceiver } from '../../src/api/remote-write.ts';
import { TsdbApiCounts } from '../../src/api/telemetry.ts';
import type { HeadOptions } from '../../src/head/options.ts';
import { MemoryFiles } from '../memory-files.ts';
import { type Bed, bed } from '../tsdb-bed.ts';

export const VERSIONS = ['1.0', '2.0'] as const;

export interface ApiBed extends Bed {
  readonly app: FastifyInstance;
  readonly counts: TsdbApiCounts;
  /** Lines of the log. */
  readonly logged: string[];
  write(
    version: RemoteWriteVersion,
    series: readonly WrittenSeries[],
    metadata?: readonly WrittenMetadata[],
  ): Promise<Answer>;
  send(payload: Buffer, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Samples, histograms and exemplars written, as the headers say; undefined without headers. */
  readonly stats: readonly number[] | undefined;
}

interface ApiBedOptions {
  readonly head?: Partial<HeadOptions>;
  readonly isStarted?: boolean;
  readonly maxBodyBytes?: number;
  readonly maxDecodedBytes?: number;
  readonly externalLabels?: Readonly<Record<string, string>>;
}

export async function apiBed(options: ApiBedOptions = {}): Promise<ApiBed> {
  const { head = {}, isStarted = true, maxBodyBytes = 1e6, maxDecodedBytes = 1e6, externalLabels = {} } = options;
  const one = bed(new MemoryFiles(), head);
  if (isStarted) await one.tsdb.start();
  const counts = new TsdbApiCounts();
  const logged: string[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  const app = fastify();
  const { tsdb, clock } = one;
  await app.register(remoteWriteReceiver, { prefix: '/prometheus', tsdb, counts, log, maxBodyBytes, maxDecodedBytes });
  await app.register(federate, {
    prefix: '/prometheus',
    tsdb,
    clock,
    counts,
    log,
    externalLabels: () => externalLabels,
  });
  app.post('/echo', async ({ body }) => body);
  const send = async (payload: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const {
      statusCode,
      body,
      headers: answered,
    } = await app.inject({
      method: 'POST',
      url: '/prometheus/api/v1/write',
      payload,
      headers: { 'content-encoding': 'snappy', 'content-type': CONTENT_TYPES['1.0'], ...headers },
    });
    const names = ['samples', 'histograms', 'exemplars'].map((kind) => `x-prometheus-remote-write-${kind}-written`);
    const stats = names.some((name) => name in answered) ? names.map((name) => Number(answered[name])) : undefined;
    return { status: statusCode, text: body, stats };
  };
  return {
    ...one,
    app,
    counts,
    logged,
    send,
    write: (version, series, metadata = []) =>
      send(compress(encodeWriteRequest(version, series, metadata)), { 'content-type': CONTENT_TYPES[version] }),
  };
}

/** A series with floats, by time. */
export function floats(
  labels: Readonly<Record<string, string>>,
  samples: readonly (readonly [timestampMs: number, value: number])[],
): WrittenSeries {
  const flat: string[] = [];
  for (const [name, value] of LabelSet.of(labels).entries()) flat.push(name, value);
  return {
    labels: flat,
    timestampsMs: Float64Array.from(samples, ([timestampMs]) => timestampMs),
    values: Float64Array.from(samples, ([, value]) => value),
  };
}
