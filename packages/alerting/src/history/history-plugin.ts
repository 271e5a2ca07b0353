/** `GET /history`: what has happened, newest first, in pages. */
import { jsonText } from '@vigie/promql/api/json-text';
import { parseTime } from '@vigie/promql/api/time';
import type { FastifyPluginAsync } from 'fastify';
import { matchersParameter } from '../api/parameters.ts';
import { badRequest, Refusal } from '../api/refusal.ts';
import type { EventHistory, HistoryQuery } from './event-history.ts';
import { EVENT_KINDS, type EventKind, eventJson } from './history-event.ts';

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 1000;

/** `GET /history?kind=sent&filter=…&fingerprint=…&receiver=…&from=TIME&to=TIME&limit=N&next_token=…`
 *  answers `{"events": […], "nextToken": "…"}`, without a token on the last page. */
export function historyApi(history: EventHistory): FastifyPluginAsync {
  return async (app) => {
    app.get('/history', async (request, reply) => {
      reply.headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
      try {
        const at = request.url.indexOf('?');
        const query = historyQuery(new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1)));
        const { events, isCut } = history.query(query);
        const texts = events.map(({ sequence, event }) => eventJson(sequence, event));
        const token = isCut ? `,"nextToken":"${events.at(-1)?.sequence ?? query.before}"` : '';
        return reply.send(Buffer.from(`{"events":[${texts.join()}]${token}}\n`));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return reply.code(error.status).send(Buffer.from(`${jsonText({ error: error.message })}\n`));
      }
    });
  };
}

/** @throws {Refusal} */
function historyQuery(parameters: URLSearchParams): HistoryQuery {
  const kinds = parameters.getAll('kind').map(kindOf);
  const filled = (name: string): string | undefined => parameters.get(name) || undefined;
  return {
    kinds: kinds.length === 0 ? undefined : new Set(kinds),
    matchers: matchersParameter(parameters, 'filter'),
    fingerprint: filled('fingerprint'),
    receiver: filled('receiver'),
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
