/** Alertmanager's HTTP API as a fastify plugin: routes are `/api/v2/…` below the prefix that it is registered with.
 *  Source: Alertmanager 0.34.2, api/v2. */
import type { Clock } from '@vigie/core/clock';
import { describeError, errorCode, VigieError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { corsHeaders } from '@vigie/promql/api/cors';
import { jsonString } from '@vigie/promql/api/json-text';
import { sendPieces } from '@vigie/promql/api/send';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { answerAlerts } from './alerts-route.ts';
import type { ApiWorld } from './api-world.ts';
import { answerCounts } from './counts-route.ts';
import { decodeAlerts, MAX_ALERTS } from './decode-alerts.ts';
import { answerGroups } from './groups-route.ts';
import { parametersIn } from './parameters.ts';
import { badRequest, missing, noSuchMethod, noSuchPath, Refusal, unsupportedType } from './refusal.ts';
import { answerPreview, answerSilence, answerSilences, deleteSilence, postSilence } from './silences-routes.ts';
import { answerReceivers, statusAnswerer } from './status-routes.ts';
import type { AlertsApiCounts } from './telemetry.ts';

export interface AlertsApiDeps {
  /** Of Vigie. */
  readonly version: string;
  readonly clock: Clock;
  /** For what only a defect explains; one that limits repeats. */
  readonly log: Log;
  readonly counts: AlertsApiCounts;
  /** Of a request. */
  readonly maxAlerts?: number;
  /** Of a request's body. */
  readonly maxBodyBytes?: number;
  /** Origins of web pages that may read answers: RE2, of the whole origin; undefined: none may, as in Alertmanager since 0.34.2. */
  readonly corsOrigin?: string | undefined;
}

/** 100,000 alerts with a few short labels. */
const MAX_BODY_BYTES = 32 * 2 ** 20;
const V1_REMOVED =
  'The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent route in the v2 API';
/** What is there, to tell a wrong method from a wrong path. */
const PATHS: readonly (readonly [path: RegExp, methods: readonly string[]])[] = [
  [/^\/api\/v2\/(?:status|receivers|alerts\/groups|alerts\/counts)$/, ['GET']],
  [/^\/api\/v2\/(?:alerts|silences)$/, ['GET', 'POST']],
  [/^\/api\/v2\/silence\/[^/]+$/, ['DELETE', 'GET']],
];

/** `await app.register(alertmanagerApi(world, deps), { prefix: '/alertmanager' })`. Paths of `/api/v1` that nothing else of the app
 *  answers are 410, as in Alertmanager.
 *  @throws {RegexError} when corsOrigin is not a regular expression */
export function alertmanagerApi(world: ApiWorld, deps: AlertsApiDeps): FastifyPluginAsync {
  return async (app) => {
    const cors = corsHeaders(deps.corsOrigin);
    app.addHook('onRequest', async (request, reply) => {
      reply.headers({ ...cors(request.headers.origin), 'cache-control': 'no-store' });
    });
    takeBodies(app, deps);
    await app.register(async (v2) => routeV2(v2, world, deps), { prefix: '/api/v2' });
    app.get(
      '/silences/preview',
      answering('/silences/preview', deps, (request) => answerPreview(parametersIn(request), world)),
    );
    const removed = `{"status":"deprecated","error":${jsonString(V1_REMOVED)}}\n`;
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url: '/api/v1/*',
      handler: async (_request, reply) => sendText(reply.code(410), removed),
    });
  };
}

function routeV2(v2: FastifyInstance, world: ApiWorld, deps: AlertsApiDeps): void {
  const { clock, counts } = deps;
  const status = statusAnswerer(world, deps.version);
  v2.get('/status', answering('/status', deps, status));
  v2.get(
    '/receivers',
    answering('/receivers', deps, (request) => answerReceivers(parametersIn(request), world)),
  );
  v2.get(
    '/silences',
    answering('/silences', deps, (request) => answerSilences(parametersIn(request), world)),
  );
  v2.post(
    '/silences',
    answering('/silences', deps, (request) => postSilence(bodyOf(request, 'silence'), world)),
  );
  v2.get(
    '/silence/:id',
    answering('/silence', deps, (request) => answerSilence(idIn(request), world)),
  );
  v2.delete(
    '/silence/:id',
    answering('/silence', deps, (request) => deleteSilence(idIn(request), world)),
  );
  v2.get(
    '/alerts/groups',
    answering('/alerts/groups', deps, (request) => answerGroups(parametersIn(request), world)),
  );
  v2.get(
    '/alerts/counts',
    answering('/alerts/counts', deps, (request) => answerCounts(parametersIn(request), world)),
  );
  v2.get(
    '/alerts',
    answering('/alerts', deps, (request, reply) => {
      const { pieces, nextToken } = answerAlerts(parametersIn(request), world);
      if (nextToken !== undefined) reply.header('x-vigie-next-token', nextToken);
      return pieces;
    }),
  );
  v2.post(
    '/alerts',
    answering('/alerts', deps, async (request) => {
      const nowMs = clock.nowMs();
      const { resolveTimeoutMs } = world.config();
      const { maxAlerts = MAX_ALERTS } = deps;
      const { alerts, problems } = decodeAlerts(bodyOf(request, 'alerts'), { nowMs, resolveTimeoutMs, maxAlerts });
      for (const { endsAtMs } of alerts) {
        if (endsAtMs !== undefined && endsAtMs <= nowMs) counts.resolved++;
        else counts.firing++;
      }
      counts.invalid += problems.length;
      await world.post(alerts);
      if (problems.length > 0) throw badRequest(problems.join('\n'));
      return undefined;
    }),
  );
  v2.options('/*', async (_request, reply) => reply.code(204).send());
  v2.setNotFoundHandler(async (request, reply) => {
    const path = request.url.slice(request.url.indexOf('/api/v2')).replace(/\?.*$/, '');
    const [, methods] = PATHS.find(([known]) => known.test(path)) ?? [];
    sendRefusal(reply, methods === undefined ? noSuchPath(path) : noSuchMethod(request.method, methods));
    return reply;
  });
}

/** Text of JSON, whole or in pieces; undefined where there is nothing to say. */
type Answer = string | Iterable<string> | undefined;

function answering(
  route: string,
  { clock, counts, log }: AlertsApiDeps,
  answer: (request: FastifyRequest, reply: FastifyReply) => Answer | Promise<Answer>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const startedAtMs = clock.monotonicMs();
    try {
      const said = await answer(request, reply);
      if (said === undefined) return reply.send();
      if (typeof said === 'string') return sendText(reply, `${said}\n`);
      return sendPieces(reply, said, undefined, clock);
    } catch (error) {
      if (error instanceof Refusal) return sendRefusal(reply, error);
      const status = statusOf(error);
      log[status >= 500 ? 'error' : 'warn']('a request of the API failed', { error, route });
      const message = error instanceof VigieError ? describeError(error) : 'internal error: see the log';
      return sendRefusal(reply, new Refusal(status, message));
    } finally {
      counts.answered(route, reply.statusCode, (clock.monotonicMs() - startedAtMs) / 1000);
    }
  };
}

/** Clients of Alertmanager send again what is answered with 5xx. */
function statusOf(error: unknown): number {
  switch (errorCode(error)) {
    case 'ALERT_TOO_LARGE':
      return 413;
    case 'ALERTS_TOO_MANY':
      return 429;
    case 'ALERTING_STATE_UNWRITABLE':
      return 503;
    default:
      return 500;
  }
}

/** Bytes, whatever they are said to be: a route that wants JSON asks for it by name. */
function takeBodies(app: FastifyInstance, { log, maxBodyBytes = MAX_BODY_BYTES }: AlertsApiDeps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, _request, reply) => {
    const isRefused = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
    const status = isRefused ? Number(error.statusCode) : 500;
    if (status >= 500) log.error('a request of the API failed', { error });
    const message = status >= 500 ? 'internal error: see the log' : describeError(error);
    return sendRefusal(reply, new Refusal(status, message, { code: status }));
  });
}

/** @throws {Refusal} where it is not JSON by its type, or nothing */
function bodyOf({ body, headers }: FastifyRequest, name: string): Buffer {
  if (!Buffer.isBuffer(body) || body.length === 0) throw missing(name, 'body');
  const contentType = headers['content-type'] ?? 'application/octet-stream';
  if (!/^application\/json *(?:;|$)/i.test(contentType)) throw unsupportedType(contentType);
  return body;
}

function idIn({ params }: FastifyRequest): string {
  const id: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, 'id') : undefined;
  return typeof id === 'string' ? id : '';
}

function sendRefusal(reply: FastifyReply, { status, message, body, headers }: Refusal): FastifyReply {
  reply.code(status).headers(headers);
  if (body === 'none') return reply.send();
  return sendText(
    reply,
    body === 'text' ? `${jsonString(message)}\n` : `{"code":${body.code},"message":${jsonString(message)}}`,
  );
}

/** Bytes: to a text, fastify adds a charset that Alertmanager's answers do not name. */
function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(text));
}
