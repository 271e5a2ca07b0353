/** `GET /history`: what has happened, newest first, in pages; also as Alertmanager would write it. */

import type { Clock } from '@vigie/core/clock';
import { jsonText } from '@vigie/promql/api/json-text';
import { parseTime } from '@vigie/promql/api/time';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { matchersParameter, parametersIn } from '../api/parameters.ts';
import { badRequest, Refusal } from '../api/refusal.ts';
import { ALERTMANAGER_KINDS, alertmanagerLines } from './alertmanager-events.ts';
import { ALERTMANAGER_SCHEMAS } from './alertmanager-schemas.ts';
import type { EventFilter, EventHistory, HistoryQuery } from './event-history.ts';
import { EventStreams } from './event-streams.ts';
import { EVENT_KINDS, type EventKind, eventJson } from './history-event.ts';

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 1000;
const FORMATS = ['json', 'alertmanager', 'alertmanager-v2'] as const;

/** `GET /history?kind=sent&filter=…&fingerprint=…&receiver=…&from=TIME&to=TIME&limit=N&next_token=…`
 *  answers `{"events": […], "nextToken": "…"}`, without a token on the last page; with `format=alertmanager` or `alertmanager-v2` lines of JSON, and
 *  the token in the header `x-vigie-next-token`.
 *  @param instance name of this replica */
export function historyApi(
  history: EventHistory,
  clock: Pick<Clock, 'setTimer' | 'nowMs'>,
  instance: () => string,
): FastifyPluginAsync {
  return async (app) => {
    const streams = new EventStreams(history, clock);
    // Before connections are waited for.
    app.addHook('preClose', async () => streams.close());
    app.get('/history/stream', async (request, reply) => {
      try {
        const filter = filterOf(parametersIn(request));
        streams.open(request.headers['last-event-id'], filter, () => {
          reply.hijack();
          return reply.raw;
        });
        return reply;
      } catch (error) {
        return refused(error, reply);
      }
    });
    app.get('/history', async (request, reply) => {
      reply.headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
      try {
        const parameters = parametersIn(request);
        const query = historyQuery(parameters);
        const format = formatOf(parameters);
        if (format !== 'json') {
          const { events, nextToken } = pageOf(history, { ...query, kinds: ofAlertmanager(query.kinds) });
          if (nextToken !== undefined) reply.header('x-vigie-next-token', nextToken);
          reply.header('content-type', 'application/x-ndjson');
          const lines = alertmanagerLines(history, events, ALERTMANAGER_SCHEMAS[format], instance());
          return reply.send(Buffer.from(lines.join('')));
        }
        const { events, nextToken } = pageOf(history, query);
        const texts = events.map(({ sequence, event }) => eventJson(sequence, event));
        const token = nextToken === undefined ? '' : `,"nextToken":"${nextToken}"`;
        return reply.send(Buffer.from(`{"events":[${texts.join()}]${token}}\n`));
      } catch (error) {
        return refused(error, reply);
      }
    });
  };
}

/** @returns with the token of the page that follows; undefined where none does */
function pageOf(history: EventHistory, query: HistoryQuery) {
  const { events, isCut } = history.query(query);
  return { events, nextToken: isCut ? String(events.at(-1)?.sequence ?? query.before) : undefined };
}

/** @throws {Refusal} */
function formatOf(parameters: URLSearchParams): (typeof FORMATS)[number] {
  const format = parameters.get('format') || 'json';
  const known = FORMATS.find((one) => one === format);
  if (known === undefined) throw badRequest(`format: expected ${FORMATS.join(', ')}, got ${format}`);
  return known;
}

function ofAlertmanager(kinds: ReadonlySet<EventKind> | undefined): ReadonlySet<EventKind> {
  return kinds === undefined ? ALERTMANAGER_KINDS : new Set([...kinds].filter((kind) => ALERTMANAGER_KINDS.has(kind)));
}

/** @throws what is none */
function refused(error: unknown, reply: FastifyReply): FastifyReply {
  if (!(error instanceof Refusal)) throw error;
  reply.code(error.status).header('content-type', 'application/json');
  return reply.send(Buffer.from(`${jsonText({ error: error.message })}\n`));
}

/** @throws {Refusal} */
function filterOf(parameters: URLSearchParams): EventFilter {
  const kinds = parameters.getAll('kind').map(kindOf);
  return {
    kinds: kinds.length === 0 ? undefined : new Set(kinds),
    matchers: matchersParameter(parameters, 'filter'),
    fingerprint: parameters.get('fingerprint') || undefined,
    receiver: parameters.get('receiver') || undefined,
  };
}

/** @throws {Refusal} */
function historyQuery(parameters: URLSearchParams): HistoryQuery {
  const filled = (name: string): string | undefined => parameters.get(name) || undefined;
  return {
    ...filterOf(parameters),
    fromMs: timeOf('from', filled('from'), -Infinity),
    toMs: timeOf('to', filled('to'), Infinity),
    before: wholeOf('next_token', filled('next_token'), Infinity),
    limit: Math.min(LARGEST_LIMIT, wholeOf('limit', filled('limit'), DEFAULT_LIMIT)),
  };
}

function kindOf(text: string): EventKind {
  const kind = EVENT_KINDS.find((known) => known === text);
  if (kind === undefined) throw badRequest(`kind: expected ${EVENT_KINDS.join(', ')}, got ${text}`);
  return kind;
}

function timeOf(name: string, text: string | undefined, absentMs: number): number {
  const timeMs = text === undefined ? absentMs : parseTime(text);
  if (timeMs === undefined) throw badRequest(`${name}: expected 2026-11-29T10:00:00Z or Unix seconds, got ${text}`);
  return timeMs;
}

function wholeOf(name: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw badRequest(`${name}: expected a whole number above 0, got ${text}`);
}
