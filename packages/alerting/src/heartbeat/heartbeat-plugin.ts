/** `/heartbeats`: others say that they are alive. */
import { errorCode } from '@vigie/core/errors';
import { jsonText } from '@vigie/promql/api/json-text';
import type { FastifyPluginAsync } from 'fastify';
import type { ExpectedHeartbeats } from './expected-heartbeats.ts';

const MAX_BODY_BYTES = 64 * 1024;

/** `GET` or `POST /heartbeats/NAME`: heard, and on the disk. `GET /heartbeats`: which are expected, and which are missing. */
export function heartbeatApi(
  heartbeats: Pick<ExpectedHeartbeats, 'expected' | 'hear' | 'isMissing'>,
): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    // Whatever comes with it is of no interest.
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, _body, done) =>
      done(null, undefined),
    );
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    });
    app.get('/heartbeats', async (_request, reply) => {
      const all = Array.from(heartbeats.expected.keys(), (name) => ({ name, isMissing: heartbeats.isMissing(name) }));
      return reply.send(text({ heartbeats: all }));
    });
    app.route<{ Params: { name: string } }>({
      method: ['GET', 'POST'],
      url: '/heartbeats/:name',
      handler: async ({ params: { name } }, reply) => {
        try {
          if (await heartbeats.hear(name)) return reply.send(text({ status: 'ok' }));
        } catch (error) {
          if (errorCode(error) !== 'ALERTING_STATE_UNWRITABLE') throw error;
          return reply.code(503).send(text({ error: 'heard, but the disk does not have it' }));
        }
        return reply.code(404).send(text({ error: 'no heartbeat of that name is expected' }));
      },
    });
  };
}

function text(value: object): Buffer {
  return Buffer.from(`${jsonText(value)}\n`);
}
