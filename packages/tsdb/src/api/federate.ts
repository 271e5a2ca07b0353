/** `GET /federate`: the newest samples of chosen series, for another Prometheus to scrape.
 *  Source: prometheus v0.315.0, web/federate.go. */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Matcher } from '@vigie/promql/labels/matcher';
import { parseSelector } from '@vigie/promql/syntax/parse';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { Tsdb } from '../tsdb.ts';
import { type ChosenFormat, chooseFormat, contentTypeOf } from './federate-format.ts';
import { federated } from './federated.ts';
import type { FederateResult, TsdbApiCounts } from './telemetry.ts';

export interface FederateOptions {
  readonly tsdb: Tsdb;
  readonly clock: Clock;
  readonly counts: TsdbApiCounts;
  readonly log: Log;
  /** As of now: a reload changes them. */
  readonly externalLabels: () => Readonly<Record<string, string>>;
  /** How old the newest sample of a series may be. */
  readonly lookbackMs?: number;
}

/** PromQL's. */
const LOOKBACK_MS = 5 * 60_000;

export const federate: FastifyPluginAsync<FederateOptions> = async (app, options) => {
  const { tsdb, clock, counts, log, externalLabels, lookbackMs = LOOKBACK_MS } = options;

  app.get('/federate', async (request, reply) => {
    const { accept = '', 'accept-encoding': encodings = '' } = request.headers;
    const chosen = chooseFormat(accept);
    if (!tsdb.isReady) {
      counts.federation(chosen.format, 'unavailable');
      return refuse(reply, 503, 'Service Unavailable');
    }
    const matcherSets = readMatchers(request.url);
    if (typeof matcherSets === 'string') {
      counts.federation(chosen.format, 'refused');
      return refuse(reply, 400, matcherSets);
    }
    const nowMs = clock.nowMs();
    const federation = {
      matcherSets,
      chosen,
      range: { fromMs: nowMs - lookbackMs, toMs: nowMs },
      externalLabels: externalLabels(),
    };
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const pieces = federated(tsdb.querier, federation, counts, gone.signal);
    const body = Readable.from(counted(pieces, chosen, gone.signal), { objectMode: false });
    reply.header('content-type', contentTypeOf(chosen)).header('vary', 'Accept-Encoding');
    if (!/\bgzip\b/.test(encodings)) return reply.send(body);
    // Errors of the one end the other, and fastify sees them there.
    const zipped = pipeline(body, createGzip(), () => undefined);
    return reply.header('content-encoding', 'gzip').send(zipped);
  });

  async function* counted(
    pieces: AsyncIterable<Buffer>,
    { format }: ChosenFormat,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    let result: FederateResult = 'aborted';
    try {
      yield* pieces;
      result = 'answered';
    } catch (error) {
      if (!signal.aborted) {
        result = 'error';
        log.error('a federation failed', { error });
      }
      throw error;
    } finally {
      counts.federation(format, result);
    }
  }
};

/** @returns one set for each `match[]`, or what is wrong with one */
function readMatchers(url: string): readonly (readonly Matcher[])[] | string {
  const { searchParams } = new URL(url, 'http://localhost');
  try {
    return searchParams.getAll('match[]').map(parseSelector);
  } catch (error) {
    return describeError(error);
  }
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(`${message}\n`);
}
