/** From node's request to the one that routes see. */
import type { IncomingMessage } from 'node:http';
import { HttpError, type HttpMethod, type HttpRequest } from './exchange.ts';
import type { FoundRoute } from './routes.ts';

/** What a configuration reload, a query or a silence needs; routes for pushed data name their own limit. */
const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;

export interface RequestContext extends FoundRoute {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

export function requestOf(incoming: IncomingMessage, context: RequestContext): HttpRequest {
  const { route, path, rest, query, signal } = context;
  const limitBytes = route.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const method = incoming.method === 'HEAD' ? 'HEAD' : methodOf(route.methods, incoming.method);
  const { headers } = incoming;
  return { method, path, rest, query, headers, signal, body: () => readBody(incoming, limitBytes, signal) };
}

function methodOf(methods: readonly HttpMethod[], method: string | undefined): HttpMethod {
  const found = methods.find((allowed) => allowed === method);
  if (found === undefined) throw new HttpError(405, `${method} is not for this path`);
  return found;
}

async function readBody(incoming: IncomingMessage, limitBytes: number, signal: AbortSignal): Promise<Buffer> {
  const tooLarge = (): HttpError => {
    // What is left of the body is not read: the connection cannot be used again.
    return new HttpError(413, `the body is larger than ${limitBytes} bytes`, { connection: 'close' });
  };
  if (Number(incoming.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return new Promise((resolve, reject) => {
    const breakOff = (): void => reject(new HttpError(400, 'the body broke off'));
    if (signal.aborted) breakOff();
    signal.addEventListener('abort', breakOff, { once: true });
    incoming.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) {
        incoming.pause();
        incoming.removeAllListeners('data');
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    incoming.on('end', () => resolve(Buffer.concat(chunks, sizeBytes)));
    incoming.on('error', breakOff);
  });
}
