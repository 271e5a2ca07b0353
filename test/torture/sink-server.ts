import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { BulkStore, Reply } from './bulk-store.ts';
import { drawFault, type FaultProfile } from './faults.ts';
import { Random } from './random.ts';

/** Moments in the life of a request at which the agent may be killed. */
export type Moment = 'request' | 'stored';

/** The store behind HTTP, with faults from a seeded script. */
export class SinkServer {
  profile: FaultProfile = 'well';
  /** Which start of the agent new connections come from. */
  run = 0;
  requests = 0;
  /** Some request was not simply answered. */
  faulted = false;
  readonly #store: BulkStore;
  readonly #random: Random;
  readonly #runs = new WeakMap<Socket, number>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #waiting: { readonly moment: Moment; readonly act: () => void } | undefined;

  constructor(store: BulkStore, seed: number) {
    this.#store = store;
    this.#random = new Random(seed);
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#runs.set(socket, this.run);
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      // A client that is killed resets the connection: that is what this test does all the time.
      socket.on('error', () => socket.destroy());
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#waiting = undefined;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Calls once at the next such moment; the answer to that request stays out. */
  at(moment: Moment, act: () => void): void {
    this.#waiting = { moment, act };
  }

  forgetMoment(): void {
    this.#waiting = undefined;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const { socket } = request;
    if (!path.endsWith('/_bulk')) {
      request.resume();
      write(response, admin(path));
      return;
    }
    const fault = drawFault(this.#random, this.profile);
    this.requests++;
    if (fault.kind !== 'none') this.faulted = true;
    if (this.#reached('request') || (fault.kind === 'reset' && fault.at === 'headers')) {
      socket.resetAndDestroy();
      return;
    }
    const cutAfter = fault.kind === 'reset' && fault.at === 'body' ? this.#random.int(0, 20_000) : undefined;
    const body = await readBody(request, cutAfter);
    if (body === undefined) {
      socket.resetAndDestroy();
      return;
    }
    if (fault.kind === 'stall') await sleep(fault.ms);
    if (socket.destroyed) return;
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const index = decodeURIComponent(path.split('/').at(-2) ?? '');
    const reply = this.#store.bulk(index, plain, this.#runs.get(socket) ?? this.run, fault, this.#random);
    write(response, this.#reached('stored') ? { kind: 'reset' } : reply);
  }

  #reached(moment: Moment): boolean {
    const waiting = this.#waiting;
    if (waiting?.moment !== moment) return false;
    this.#waiting = undefined;
    this.faulted = true;
    waiting.act();
    return true;
  }
}

function write(response: ServerResponse, reply: Reply): void {
  if (reply.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(reply.kind === 'half' ? 200 : reply.status, {
    'content-type': reply.text.startsWith('<') ? 'text/html' : 'application/json',
    'content-length': Buffer.byteLength(reply.text),
    ...(reply.kind === 'whole' && reply.retryAfter !== undefined ? { 'retry-after': reply.retryAfter } : {}),
  });
  if (reply.kind === 'whole') response.end(reply.text);
  else response.write(reply.text.slice(0, reply.text.length >> 1), () => response.socket?.resetAndDestroy());
}

/** What a client asks beside the bulk: who is there, and whether a data-stream template matches. */
function admin(path: string): Reply {
  if (path === '/') {
    return { kind: 'whole', status: 200, text: '{"version":{"distribution":"opensearch","number":"2.19.4"}}' };
  }
  if (!path.startsWith('/_index_template')) return { kind: 'whole', status: 404, text: '{"status":404}' };
  const template = { index_patterns: ['logs-*-*'], priority: 500, data_stream: {}, template: {} };
  const answer = { index_templates: [{ name: 'logs', index_template: template }], template: {}, overlapping: [] };
  return { kind: 'whole', status: 200, text: JSON.stringify(answer) };
}

/** @returns undefined where the client broke off, or was cut off after so many bytes */
async function readBody(request: IncomingMessage, cutAfter: number | undefined): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      if (!(chunk instanceof Buffer)) return undefined;
      chunks.push(chunk);
      bytes += chunk.length;
      if (cutAfter !== undefined && bytes > cutAfter) return undefined;
    }
  } catch {
    // Killed in the middle of its request.
    return undefined;
  }
  return cutAfter === undefined ? Buffer.concat(chunks) : undefined;
}
