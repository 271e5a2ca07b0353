import { EventEmitter, once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { type Clock, systemClock } from '@vigie/core/clock';
import type { Route } from '@vigie/core/http-client/connections';
import { afterEach, describe, expect, test } from 'vitest';
import { type Exchange, exchange } from '../../../src/sinks/http-client/exchange.ts';
import { closedPort, type Peer, type PeerHandler, reset, respond, stall, startPeer } from '../http-peer.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function peerOf(handler: PeerHandler): Promise<Peer> {
  const peer = await startPeer(handler);
  cleanups.push(() => peer.close());
  return peer;
}

/** A server below HTTP: what it does with a connection. */
async function rawServer(serve: (socket: net.Socket) => void): Promise<URL> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return new URL(`http://127.0.0.1:${address.port}`);
}

const agent = new http.Agent({ keepAlive: true });

function send(
  url: URL,
  options: {
    body?: Uint8Array;
    connectTimeoutMs?: number;
    requestTimeoutMs?: number;
    maxAnswerBytes?: number;
    signal?: AbortSignal;
    secure?: boolean;
    clock?: Clock;
  } = {},
): Promise<Exchange> {
  const { connectTimeoutMs = 5_000, requestTimeoutMs = 5_000, maxAnswerBytes = 1024, secure = false } = options;
  const route: Route = {
    agent: secure ? new https.Agent() : agent,
    secure,
    connectTo: url,
    headers: {},
    target: (path) => path,
  };
  const body = options.body ?? Buffer.from('{"n":1}\n');
  const headers = { host: url.host, 'content-length': body.length };
  const signal = options.signal ?? new AbortController().signal;
  return exchange(
    { route, method: 'POST', path: '/_bulk', headers, body, maxAnswerBytes },
    { connectTimeoutMs, requestTimeoutMs },
    options.clock ?? systemClock,
    signal,
  );
}

describe('exchange', () => {
  test('answers status, headers and body, and keeps the connection', async () => {
    const peer = await peerOf(respond(200, 'fine', { 'x-one': '1' }));
    const first = await send(peer.url);
    expect(first).toMatchObject({ status: 'answered', httpStatus: 200, headers: { 'x-one': '1' } });
    expect(first.status === 'answered' && first.body.toString()).toBe('fine');
    await send(peer.url);
    expect(peer.requests.map(({ body, connection }) => ({ body, connection }))).toEqual([
      { body: '{"n":1}\n', connection: 1 },
      { body: '{"n":1}\n', connection: 1 },
    ]);
  });

  test('tells a refused connection from one that broke', async () => {
    expect(await send(await closedPort())).toMatchObject({ status: 'failed', reason: 'network', connected: false });
    const peer = await peerOf(reset);
    expect(await send(peer.url)).toMatchObject({ status: 'failed', reason: 'network', connected: true });
  });

  test('does not take half a success for one', async () => {
    const peer = await peerOf((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"errors":false,', () => response.destroy());
    });
    expect(await send(peer.url)).toMatchObject({ status: 'failed', reason: 'network', connected: true });
  });

  test('believes a refusal whose text is cut off', async () => {
    const peer = await peerOf((_request, response) => {
      response.writeHead(429, { 'content-length': 1000 }).write('too many', () => response.destroy());
    });
    const result = await send(peer.url);
    expect(result).toMatchObject({ status: 'answered', httpStatus: 429 });
  });

  test('gives up on a server that keeps the request', async () => {
    const peer = await peerOf(stall);
    expect(await send(peer.url, { requestTimeoutMs: 50 })).toEqual({
      status: 'failed',
      reason: 'timeout',
      detail: 'no answer within 50 ms',
      connected: true,
    });
  });

  test('gives up on a server that answers a byte at a time', async () => {
    const peer = await peerOf((_request, response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    });
    expect(await send(peer.url, { requestTimeoutMs: 100 })).toMatchObject({ status: 'failed', reason: 'timeout' });
  });

  test('gives up on a connection that is never ready', async () => {
    const url = await rawServer(() => undefined);
    expect(await send(url, { secure: true, connectTimeoutMs: 50 })).toEqual({
      status: 'failed',
      reason: 'timeout',
      detail: 'no connection within 50 ms',
      connected: false,
    });
  });

  test('gives up on an answer that is longer than any can be', async () => {
    const peer = await peerOf(respond(200, 'x'.repeat(1025)));
    expect(await send(peer.url)).toMatchObject({ status: 'failed', reason: 'protocol' });
  });

  test('gives up on an answer that is not HTTP', async () => {
    const url = await rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await send(url)).toMatchObject({ status: 'failed', reason: 'protocol' });
  });

  test('takes an answer that comes before the body is sent, and then lets go of the body', async () => {
    const url = await rawServer((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const body = Buffer.alloc(32 * 1024 * 1024, 0x20);
    expect(await send(url, { body })).toMatchObject({ status: 'answered', httpStatus: 413 });
    const sockets = Object.values(agent.sockets).flatMap((list) => list ?? []);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  test('rejects with the reason when it is aborted, and closes the connection', async () => {
    const events = new EventEmitter();
    const arrived = once(events, 'arrived');
    const closed = once(events, 'closed');
    const peer = await peerOf((_request, response) => {
      response.on('close', () => events.emit('closed'));
      events.emit('arrived');
    });
    const abort = new AbortController();
    const sending = send(peer.url, { signal: abort.signal });
    const outcome = expect(sending).rejects.toThrow('no longer wanted');
    await arrived;
    abort.abort(new Error('no longer wanted'));
    await outcome;
    await closed;
    await expect(async () => send(peer.url, { signal: abort.signal })).rejects.toThrow('no longer wanted');
    expect(peer.requests).toHaveLength(1);
  });

  test('leaves no timer behind, whatever happens', async () => {
    let timers = 0;
    const counting: Clock = {
      ...systemClock,
      setTimer(delayMs, fire) {
        timers++;
        let open = true;
        const close = (): void => {
          if (open) timers--;
          open = false;
        };
        const timer = systemClock.setTimer(delayMs, () => {
          close();
          fire();
        });
        return {
          cancel: () => {
            close();
            timer.cancel();
          },
        };
      },
    };
    const peer = await peerOf(respond(200));
    await send(peer.url, { clock: counting });
    peer.handle(reset);
    await send(peer.url, { clock: counting });
    peer.handle(stall);
    await send(peer.url, { clock: counting, requestTimeoutMs: 20 });
    expect(timers).toBe(0);
  });
});
