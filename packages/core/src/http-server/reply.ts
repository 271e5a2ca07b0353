/** From a route's reply to the bytes of an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HttpReply } from './exchange.ts';

/** Resolves when the answer is handed to the system. What the handler left unread of a request's body is not read for
 *  more than node does by itself.
 *  @throws when a streamed body breaks off, or the signal aborts one */
export async function sendReply(
  reply: HttpReply,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  outgoing.statusCode = reply.status ?? 200;
  // The answers of an API are never web pages, whatever a log line in them looks like.
  outgoing.setHeader('x-content-type-options', 'nosniff');
  for (const [name, value] of Object.entries(reply.headers ?? {})) outgoing.setHeader(name, value);
  const { body = '' } = reply;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    if (outgoing.statusCode !== 204 && outgoing.statusCode !== 304) {
      outgoing.setHeader('content-length', Buffer.byteLength(body));
    }
    await end(outgoing, incoming.method === 'HEAD' ? '' : body);
    return;
  }
  if (incoming.method === 'HEAD') {
    await end(outgoing, '');
    return;
  }
  // A client that follows a stream sees its headers before the first piece.
  outgoing.flushHeaders();
  await pipeline(Readable.from(body), outgoing, { signal });
}

/** A client that goes away ends the wait as well. */
function end(outgoing: ServerResponse, body: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('close', resolve);
    outgoing.end(body, resolve);
  });
}
