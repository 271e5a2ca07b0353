/** Prometheus' HTTP API as a fastify plugin: routes are `/api/v1/…` below the prefix that it is registered with.
 *  Source: Prometheus 3.15, web/api/v1. */
import type { Clock } from '@vigie/core/clock';
import { bug, describeError } from '@vigie/core/errors';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { apiErrorOf, badData, errorText } from './api-error.ts';
import { BATCH_PATH } from './batch-path.ts';
import { corsHeaders } from './cors.ts';
import { dataRoutes } from './data-routes.ts';
import type { PrometheusApiOptions, Providers } from './options.ts';
import { formatRoute, parseRoute } from './query-text-routes.ts';
import { type ApiHandler, apiRequest } from './request.ts';
import { codingOf, sendPieces } from './send.ts';
import { LABEL_VALUES_SUFFIX } from './series-routes.ts';
import { statusRoutes } from './status-routes.ts';

/** Of a form, as Go's net/http: queries are posted because URLs have no room for them. */
const MAX_FORM_BYTES = 10 * 2 ** 20;

/** `await app.register(prometheusApi, { prefix: '/prometheus', source, … })`.
 *  @throws {RegexError} when corsOrigin is not a regular expression */
export const prometheusApi: FastifyPluginAsync<PrometheusApiOptions> = async (app, options) => {
  const cors = corsHeaders(options.corsOrigin);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(cors(request.headers.origin));
  });
  takeForms(app, options.clock);
  app.options('/api/v1/*', async (_request, reply) => reply.code(204).send());

  const answer = (handler: ApiHandler) => (request: FastifyRequest, reply: FastifyReply) =>
    respond(handler, request, reply, options);
  const get = (path: string, handler: ApiHandler): void => {
    app.get(`/api/v1${path}`, answer(handler));
  };
  const getAndPost = (path: string, handler: ApiHandler): void => {
    app.route({ method: ['GET', 'POST'], url: `/api/v1${path}`, handler: answer(handler) });
  };

  const experimental = options.experimental ?? false;
  const data = dataRoutes(options);
  getAndPost('/query', data.instant);
  if (data.batch !== undefined) app.post(`/api/v1${BATCH_PATH}`, answer(data.batch));
  getAndPost('/query_range', data.range);
  getAndPost('/query_exemplars', data.exemplars);
  getAndPost('/labels', data.labelNames);
  getAndPost('/series', data.series);
  // A parameter in the path would be held to fastify's 100 characters; a wildcard is not.
  app.get<{ Params: { '*': string } }>('/api/v1/label/*', (request, reply) => {
    const { '*': rest } = request.params;
    if (!rest.endsWith(LABEL_VALUES_SUFFIX) || rest.length === LABEL_VALUES_SUFFIX.length) {
      reply.callNotFound();
      return reply;
    }
    return respond(data.labelValues, request, reply, options);
  });
  get('/metadata', data.metadata);
  getAndPost('/format_query', formatRoute(experimental));
  getAndPost('/parse_query', parseRoute(experimental));
  for (const [path, handler] of Object.entries(statusRoutes(options.providers ?? {}))) get(path, handler);
};

export interface RulesApiOptions extends Pick<PrometheusApiOptions, 'clock' | 'log' | 'corsOrigin'> {
  readonly providers: Pick<Providers, 'rules' | 'alerts'>;
}

/** `/api/v1/rules` and `/api/v1/alerts` alone, of a program that has no series.
 *  @throws {RegexError} when corsOrigin is not a regular expression */
export const rulesApi: FastifyPluginAsync<RulesApiOptions> = async (app, options) => {
  const cors = corsHeaders(options.corsOrigin);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(cors(request.headers.origin));
  });
  const routes = statusRoutes(options.providers);
  for (const path of ['/rules', '/alerts']) {
    const handler = routes[path];
    if (handler === undefined) throw bug(`no route ${path}`);
    app.get(`/api/v1${path}`, (request, reply) => respond(handler, request, reply, options));
  }
};

/** Forms are text to the routes; any other body is none, and is left unread, as in Go. */
function takeForms(app: FastifyInstance, clock: Clock): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
    (_request, body, done) => done(null, body),
  );
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  app.setErrorHandler((error, _request, reply) => {
    const refusal = badData(`error parsing form values: ${describeError(error)}`);
    reply.code(refusal.status);
    return sendPieces(reply, [errorText(refusal)], undefined, clock);
  });
}

async function respond(
  handler: ApiHandler,
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, log }: Pick<PrometheusApiOptions, 'clock' | 'log'>,
): Promise<FastifyReply> {
  const asked = apiRequest(request, reply);
  const coding = codingOf(asked.acceptEncoding);
  try {
    const answer = await handler(asked);
    if (answer === undefined) return reply.code(204).send();
    if ('body' in answer) return reply.code(answer.status).headers(answer.headers).send(answer.body);
    return sendPieces(reply, answer, coding, clock);
  } catch (error) {
    const refusal = apiErrorOf(error, asked.signal.aborted);
    const { status, type, cause } = refusal;
    if (type === 'internal') log.error('a request of the API failed', { error: cause, url: request.routeOptions.url });
    reply.code(status);
    return sendPieces(reply, [errorText(refusal)], coding, clock);
  }
}
