import { once } from 'node:events';
import * as http from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { HttpError, jsonReply, textReply } from '../../src/http-server/exchange.ts';
import { healthRoutes } from '../../src/http-server/health-routes.ts';
import { HttpListener } from '../../src/http-server/listener.ts';
import type { Route } from '../../src/http-server/routes.ts';
import { createLog } from '../../src/log.ts';
import { ask, serve } from './fixture.ts';

const echo: Route = {
  methods: ['POST'],
  path: '/echo',
  maxBodyBytes: 1000,
  handler: async (request) => textReply((await request.body()).toString()),
};
const hello: Route = { methods: ['GET'], path: '/hello', handler: () => textReply('hello') };
const failing: Route = {
  methods: ['GET'],
  path: '/failing',
  handler: () => {
    throw new Error('secret detail');
  },
};

describe('routing', () => {
  it('prefers an exact path, then the longest prefix, and passes on the rest and the query', async () => {
    const tell =
      (name: string): Route['handler'] =>
      ({ rest, query }) =>
        jsonReply([name, rest, query.get('q')]);
    const { port } = await serve([
      { methods: ['GET'], path: '/*', handler: tell('root') },
      { methods: ['GET'], path: '/api/*', handler: tell('api') },
      { methods: ['GET'], path: '/api/v1/*', handler: tell('v1') },
      { methods: ['GET'], path: '/api/v1/exact', handler: tell('exact') },
    ]);
    const answers = await Promise.all(
      ['/x/y', '/api/v2?q=1', '/api/v1/a/b?q=a%20b', '/api/v1/exact', '/api'].map((path) => ask(port, path)),
    );
    expect(answers.map(({ body }) => JSON.parse(body))).toEqual([
      ['root', 'x/y', null],
      ['api', 'v2', '1'],
      ['v1', 'a/b', 'a b'],
      ['exact', '', null],
      ['root', 'api', null],
    ]);
  });

  it('answers 404 and 405 in JSON, and says which methods there are', async () => {
    const { port } = await serve([hello, echo]);
    const missing = await ask(port, '/nowhere?x=1');
    expect([missing.status, missing.body]).toEqual([404, '{"error":"no such path: /nowhere"}\n']);
    const wrong = await ask(port, '/hello', { method: 'DELETE' });
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await ask(port, '/echo', { method: 'OPTIONS' })).headers.allow).toBe('POST');
  });

  it('answers HEAD as GET without the body', async () => {
    const { port } = await serve([hello]);
    const answer = await ask(port, '/hello', { method: 'HEAD' });
    expect([answer.status, answer.headers['content-length'], answer.body]).toEqual([200, '5', '']);
  });

  it('refuses two routes for the same', () => {
    const log = createLog('error');
    const options = { name: 'http', address: { host: '', port: 0 }, auth: { type: 'none' } } as const;
    const deps = { clock: systemClock, log, print: () => undefined };
    expect(() => new HttpListener(options, [hello, hello], deps)).toThrow(
      expect.objectContaining({ code: 'ROUTE_DUPLICATE' }),
    );
  });
});

describe('handlers', () => {
  it('get the whole body, and their errors become answers', async () => {
    const { port, logged } = await serve([
      echo,
      failing,
      {
        methods: ['GET'],
        path: '/refused',
        handler: () => {
          throw new HttpError(422, 'no');
        },
      },
    ]);
    expect((await ask(port, '/echo', { method: 'POST', body: 'x'.repeat(1000) })).body).toBe('x'.repeat(1000));
    const refused = await ask(port, '/refused');
    expect([refused.status, refused.body]).toEqual([422, '{"error":"no"}\n']);
    const failed = await ask(port, '/failing');
    expect([failed.status, failed.body]).toEqual([500, '{"error":"internal error"}\n']);
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 'error', path: '/failing', error: 'secret detail' }),
    );
  });

  it('need not take more than the limit, whether the length is announced or not', async () => {
    const { port } = await serve([echo]);
    expect((await ask(port, '/echo', { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413);
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await ask(port, '/echo', { method: 'POST', headers: chunked, body: 'x'.repeat(200_000) })).status).toBe(
      413,
    );
  });

  it('learn that the client has gone, also in the middle of its body', async () => {
    let settle: (outcome: unknown) => void = () => undefined;
    const outcome = new Promise((resolve) => {
      settle = resolve;
    });
    const { port } = await serve([
      {
        methods: ['POST'],
        path: '/slow',
        handler: async (request) => {
          const body = await request.body().catch((error: unknown) => error);
          settle([request.signal.aborted, body]);
          return textReply('');
        },
      },
    ]);
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /slow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc');
    await once(socket, 'connect');
    socket.end();
    socket.destroy();
    expect(await outcome).toEqual([true, new HttpError(400, 'the body broke off')]);
  });

  it('stream, and are told to end when the client goes away', async () => {
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const { port, logged } = await serve([
      {
        methods: ['GET'],
        path: '/tap',
        handler: () => ({
          body: (async function* () {
            try {
              for (let line = 0; ; line++) {
                yield `line ${line}\n`;
                await systemClock.sleep(1);
              }
            } finally {
              ended();
            }
          })(),
        }),
      },
    ]);
    const request = http.get({ host: '127.0.0.1', port, path: '/tap', agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const [first] = (await once(response, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^line 0\n/);
    request.destroy();
    await end;
    expect(logged).toEqual([]);
  });

  it('break the connection when a stream fails behind the headers', async () => {
    const { port, logged } = await serve([
      {
        methods: ['GET'],
        path: '/broken',
        handler: () => ({
          body: (async function* () {
            yield 'part';
            throw new Error('gone wrong');
          })(),
        }),
      },
    ]);
    await expect(ask(port, '/broken')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(logged).toContainEqual(expect.objectContaining({ message: 'answer broke off', error: 'gone wrong' }));
  });
});

describe('health', () => {
  const logged: string[] = [];
  const log = createLog('info', { write: (line) => void logged.push(line) });
  const source = {
    problem: undefined as string | undefined,
    live: () => [],
    ready: () => [{ name: 'sink es', problem: source.problem }],
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'vigie_up 1\n' }),
    reloads: 0,
    reload: async () => {
      source.reloads++;
      if (source.reloads === 2) throw new Error('agent.yaml:1:1: bad');
    },
  };

  it('is 200 or 503 with the reasons, under both spellings', async () => {
    const { port } = await serve(healthRoutes(source, log));
    for (const path of ['/livez', '/-/healthy'])
      expect(await ask(port, path)).toMatchObject({ status: 200, body: 'ok\n' });
    for (const path of ['/readyz', '/-/ready']) {
      source.problem = undefined;
      expect(await ask(port, path)).toMatchObject({ status: 200, body: '[+]sink es ok\nok\n' });
      source.problem = 'held: 401';
      expect(await ask(port, path)).toMatchObject({ status: 503, body: '[-]sink es: held: 401\nnot ok\n' });
    }
    expect(await ask(port, '/metrics')).toMatchObject({ status: 200, body: 'vigie_up 1\n' });
  });

  it('reloads by POST, and tells why it has not', async () => {
    const { port } = await serve(healthRoutes(source, log));
    expect((await ask(port, '/-/reload')).status).toBe(405);
    const taken = await ask(port, '/-/reload', { method: 'POST' });
    expect([taken.status, JSON.parse(taken.body)]).toEqual([200, { status: 'reloaded' }]);
    const failed = await ask(port, '/-/reload', { method: 'POST' });
    expect([failed.status, JSON.parse(failed.body).error]).toEqual([
      500,
      'not reloaded, the old configuration stays: agent.yaml:1:1: bad',
    ]);
    expect(logged.map((line) => JSON.parse(line).message)).toEqual([
      'reloaded',
      'not reloaded, the old configuration stays',
    ]);
  });

  it('names in the answer what of the new configuration waits for the next start', async () => {
    const { port } = await serve(healthRoutes({ ...source, reload: async () => {}, nextStart: () => ['listen'] }, log));
    const { body } = await ask(port, '/-/reload', { method: 'POST' });
    expect(JSON.parse(body)).toEqual({ status: 'reloaded', nextStart: ['listen'] });
  });
});

describe('start and close', () => {
  it('prints where it listens, with the real port', async () => {
    const { port, printed } = await serve([], { name: 'otlp' });
    expect(printed).toEqual([`listening on http://127.0.0.1:${port} (otlp)`]);
  });

  it('says which address it cannot have', async () => {
    const { port } = await serve([]);
    await expect(serve([], { address: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${port}`,
    });
  });

  it('lets a request in progress end, and takes no new connection', async () => {
    let finish: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const inHandler = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { listener, port } = await serve([
      {
        methods: ['GET'],
        path: '/slow',
        handler: async () => {
          arrived();
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          return textReply('done');
        },
      },
    ]);
    const idle = new http.Agent({ keepAlive: true });
    const answer = ask(port, '/slow', { agent: idle });
    await inHandler;
    const closed = listener.close({ graceMs: 10_000 });
    await expect(ask(port, '/slow')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    finish();
    expect(await answer).toMatchObject({ body: 'done', headers: { connection: 'close' } });
    await closed;
  });

  it('cuts what does not end within the grace time', async () => {
    let aborted = false;
    let arrived: () => void = () => undefined;
    const inHandler = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { listener, port } = await serve([
      {
        methods: ['GET'],
        path: '/hangs',
        handler: ({ signal }) =>
          new Promise((_, reject) => {
            arrived();
            signal.addEventListener('abort', () => {
              aborted = true;
              reject(signal.reason);
            });
          }),
      },
    ]);
    const answer = ask(port, '/hangs');
    const failed = expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    await inHandler;
    await listener.close({ graceMs: 20 });
    await failed;
    expect(aborted).toBe(true);
  });
});
