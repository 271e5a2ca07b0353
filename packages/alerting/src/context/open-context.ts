/** Context for the pages of a service: whom it asks, and the charts that it keeps. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@vigie/core/clock';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { requestHeaders } from '@vigie/core/http-client/request-headers';
import type { HttpReply } from '@vigie/core/http-server/exchange';
import type { Log } from '@vigie/core/log';
import { RemotePrometheus } from '@vigie/promql/remote/remote-prometheus';
import type { Endpoint } from '../config/alerting-config.ts';
import type { GatherContext } from '../notify/notifier.ts';
import { ChartStore } from './chart-store.ts';
import { ContextCounts } from './context-counts.ts';
import type { LineSource } from './log-lines.ts';
import { PageContext } from './page-context.ts';

export interface OpenContextDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly logs: LineSource | undefined;
  /** Of now. */
  readonly externalUrl: () => string;
}

export interface OpenContext {
  readonly gather: GatherContext;
  readonly charts: ChartStore;
  readonly counts: ContextCounts;
  readonly close: () => void;
}

/** 10,000 series of a chart's steps: beyond, a chart shows nothing, and holds up the memory of the service. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20;
/** Those who have a link may keep the picture; nobody has to ask again. */
const DAY_SECONDS = 86_400;

/** @param metrics whom charts ask; undefined: there are none
 *  @throws {VigieError} CONFIG_INVALID, of its http_config */
export function openContext(metrics: Endpoint | undefined, deps: OpenContextDeps): OpenContext {
  const { clock, log, env, userAgent, logs, externalUrl } = deps;
  const charts = new ChartStore(() => randomBytes(16).toString('hex'));
  const counts = new ContextCounts();
  const client = metrics === undefined ? undefined : new HttpClient(metrics.http, { clock, env, userAgent });
  const engine =
    metrics === undefined || client === undefined
      ? undefined
      : new RemotePrometheus(
          {
            url: metrics.url,
            timeoutMs: metrics.timeoutMs,
            headers: requestHeaders(metrics.http, clock, 'datasources.metrics.http_config'),
            maxAnswerBytes: MAX_ANSWER_BYTES,
          },
          { connections: client, clock, userAgent },
        );
  const context = new PageContext({ logs, metrics: engine }, { clock, log, charts, counts, externalUrl });
  return {
    gather: (question, signal) => context.gather(question, signal),
    charts,
    counts,
    close: () => client?.close(),
  };
}

/** `GET /charts/ID.png`, `/charts/ID.svg`
 *  @param file the last part of the path */
export function chartReply(charts: Pick<ChartStore, 'draw'>, file: string): HttpReply {
  const drawn = charts.draw(file);
  if (drawn === undefined) {
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: 'there is no such chart, or no more\n' };
  }
  return {
    headers: {
      'content-type': drawn.contentType,
      'cache-control': `private, max-age=${DAY_SECONDS}, immutable`,
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
    },
    body: drawn.body,
  };
}
