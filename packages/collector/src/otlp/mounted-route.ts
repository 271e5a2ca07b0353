/** A route of ours within fastify, which other parts of the HTTP port are made of. */
import { requestOf } from '@vigie/core/http-server/request';
import type { Route } from '@vigie/core/http-server/routes';
import type { FastifyPluginAsync } from 'fastify';

export interface MountedRouteOptions {
  readonly route: Route;
}

/** For routes that take POST and answer in one piece. */
export const mountedRoute: FastifyPluginAsync<MountedRouteOptions> = async (app, { route }) => {
  app.removeAllContentTypeParsers();
  // The route reads the body itself, with its own bound.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.post(route.path, async (request, reply) => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort(new Error('the client has gone')));
    const context = { route, rest: '', path: route.path, query: new URLSearchParams(), signal: gone.signal };
    const { status = 200, headers = {}, body = '' } = await route.handler(requestOf(request.raw, context));
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) throw new TypeError('an answer in pieces');
    // What is left of a body that was refused is not read.
    if (!request.raw.complete) reply.header('connection', 'close');
    return reply.code(status).headers(headers).send(body);
  });
};
