/** `/escalation`: pages that are open, who has acknowledged them, and the end of what somebody says is over. */
import { describeError, errorCode } from '@vigie/core/errors';
import { jsonText } from '@vigie/promql/api/json-text';
import { parseTime } from '@vigie/promql/api/time';
import type { FastifyPluginAsync } from 'fastify';
import * as v from 'valibot';
import { formatApiTime } from '../api/api-time.ts';
import { badRequest, Refusal } from '../api/refusal.ts';
import type { Alert } from '../dispatch/alert.ts';
import type { AlertGroup } from '../dispatch/alert-group.ts';
import { matchesAll } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatcher } from '../matchers/parse-matchers.ts';
import { type Acknowledgement, type EscalationStep, nextDueMs, type Page } from './page.ts';

type Selects = (group: AlertGroup, alert: Alert) => boolean;

export interface EscalationWorld {
  readonly clock: { readonly nowMs: () => number };
  readonly pages: () => Iterable<Page>;
  readonly stepsOf: (receiver: string) => readonly EscalationStep[];
  readonly acknowledge: (
    selects: Selects,
    by: Pick<Acknowledgement, 'by' | 'comment' | 'endsAtMs'>,
  ) => Promise<readonly Page[]>;
  readonly withdraw: (selects: Selects, by: string) => Promise<readonly Page[]>;
  readonly end: (selects: Selects, by: Pick<Acknowledgement, 'by' | 'comment'>) => Promise<readonly Alert[]>;
}

const MOST_FILTERS = 100;
const MAX_BODY_BYTES = 64 * 1024;
const MAX_TEXT = 1024;

const bodySchema = v.strictObject({
  /** Of one group. */
  groupKey: v.optional(v.string(), ''),
  /** Matchers, one each: groups in which an alert fires that has them all. */
  filter: v.optional(v.pipe(v.array(v.string()), v.maxLength(MOST_FILTERS)), []),
  createdBy: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(MAX_TEXT)),
  comment: v.optional(v.pipe(v.string(), v.maxLength(MAX_TEXT)), ''),
  endsAt: v.optional(v.string()),
});

type Body = v.InferOutput<typeof bodySchema>;

/** `GET /escalation`, `POST /escalation/ack`, `POST /escalation/unack` and `POST /escalation/end`. */
export function escalationApi(world: EscalationWorld): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    });
    app.setErrorHandler((error, _request, reply) => {
      if (error instanceof Refusal) return reply.code(error.status).send(text({ error: error.message }));
      if (errorCode(error) !== 'ALERTING_STATE_UNWRITABLE') throw error;
      return reply.code(503).send(text({ error: describeError(error) }));
    });
    app.get('/escalation', async (_request, reply) =>
      reply.send(text({ groups: Array.from(world.pages(), (page) => pageJson(page, world)) })),
    );
    app.post('/escalation/ack', async ({ body }, reply) => {
      const { createdBy: by, comment, endsAt, ...which } = bodyOf(body);
      const endsAtMs = endsAt === undefined ? undefined : endOf(endsAt, world.clock.nowMs());
      const pages = await world.acknowledge(selectorOf(which), { by, comment, endsAtMs });
      if (pages.length === 0) throw new Refusal(404, 'no group in which such an alert fires');
      return reply.send(text({ acknowledged: pages.map((page) => pageJson(page, world)) }));
    });
    app.post('/escalation/unack', async ({ body }, reply) => {
      const { createdBy, ...which } = bodyOf(body);
      const pages = await world.withdraw(selectorOf(which), createdBy);
      if (pages.length === 0) throw new Refusal(404, 'no such group that is acknowledged');
      return reply.send(text({ reopened: pages.map((page) => pageJson(page, world)) }));
    });
    app.post('/escalation/end', async ({ body }, reply) => {
      const { createdBy: by, comment, endsAt, ...which } = bodyOf(body);
      if (endsAt !== undefined) throw badRequest('endsAt: alerts are ended now');
      const ended = await world.end(selectorOf(which), { by, comment });
      if (ended.length === 0) throw new Refusal(404, 'no such alert fires');
      return reply.send(text({ ended: ended.map(({ fingerprint, labels }) => ({ fingerprint, labels })) }));
    });
  };
}

/** As `/explain` shows it, too. */
export function pageJson(page: Page, { stepsOf }: Pick<EscalationWorld, 'stepsOf'>): object {
  const { group, labels, receiver, sinceMs, reached, acknowledgement } = page;
  const steps = stepsOf(receiver).map(({ afterMs, receiver: name }) => ({
    receiver: name,
    at: formatApiTime(sinceMs + afterMs),
    isTold: reached.has(name),
  }));
  const nextMs = acknowledgement === undefined ? nextDueMs(page, stepsOf(receiver)) : undefined;
  return {
    ...{ groupKey: group, groupLabels: labels, receiver, since: formatApiTime(sinceMs), steps },
    nextAt: nextMs === undefined ? null : formatApiTime(nextMs),
    acknowledgement: acknowledgement === undefined ? null : acknowledgementJson(acknowledgement),
  };
}

/** On one line, for people. */
export function pageText(page: Page, { stepsOf }: Pick<EscalationWorld, 'stepsOf'>): string {
  const { group, receiver, sinceMs, reached, acknowledgement: ack } = page;
  const steps = stepsOf(receiver).map(({ afterMs, receiver: name }) => {
    const at = formatApiTime(sinceMs + afterMs);
    return reached.has(name) ? `, ${name} told` : ack === undefined ? `, ${name} at ${at}` : `, not ${name}`;
  });
  const until = ack?.endsAtMs === undefined ? '' : ` until ${formatApiTime(ack.endsAtMs)}`;
  const by =
    ack === undefined ? '' : `, acknowledged by ${ack.by}${until}${ack.comment === '' ? '' : `: ${ack.comment}`}`;
  return `${group} ${receiver}, open since ${formatApiTime(sinceMs)}${steps.join('')}${by}`;
}

function acknowledgementJson({ by, comment, atMs, endsAtMs, covers }: Acknowledgement): object {
  const endsAt = endsAtMs === undefined ? null : formatApiTime(endsAtMs);
  return { createdBy: by, comment, at: formatApiTime(atMs), endsAt, alerts: [...covers] };
}

/** @throws {Refusal} */
function bodyOf(body: unknown): Body {
  const decoded = v.safeParse(bodySchema, parsed(body));
  if (!decoded.success) {
    const [{ message, path }] = decoded.issues;
    throw badRequest(`${path?.map(({ key }) => String(key)).join('.') ?? 'body'}: ${message}`);
  }
  if (decoded.output.groupKey === '' && decoded.output.filter.length === 0)
    throw badRequest('expected the groupKey of a group, or filter: matchers of its alerts');
  return decoded.output;
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    throw badRequest('expected JSON: {"filter": ["alertname=Down"], "createdBy": "…", "comment": "…"}');
  }
}

/** @throws {Refusal} */
function endOf(written: string, nowMs: number): number {
  const endsAtMs = parseTime(written);
  if (endsAtMs === undefined || endsAtMs <= nowMs)
    throw badRequest(`endsAt: expected a time to come, such as 2026-11-29T10:00:00Z, got ${written}`);
  return endsAtMs;
}

/** @throws {Refusal} */
function selectorOf({ groupKey, filter }: Pick<Body, 'groupKey' | 'filter'>): Selects {
  try {
    const matchers = filter.flatMap((one) => parseMatcher(one).matchers);
    return (group, { labels }) => (groupKey === '' || group.key === groupKey) && matchesAll(matchers, labels);
  } catch (error) {
    if (error instanceof MatcherError) throw badRequest(`filter: ${error.message}`);
    throw error;
  }
}

function text(value: object): Buffer {
  return Buffer.from(`${jsonText(value)}\n`);
}
