/** From pieces of text to the bytes of an answer: a small one at once, a large one as its client takes it. */
import { pipeline, Readable, type Transform } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createDeflate, createGzip, deflateSync, gzipSync } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import type { FastifyReply } from 'fastify';
import type { Pieces } from './result-pieces.ts';

/** Up to here an answer goes out in one write. */
const SMALL_LENGTH = 64 * 1024;
/** The event loop waits at most this long, plus what one piece takes. */
const SLICE_MS = 10;
/** JSON of series shrinks tenfold at level 1 already, and the other levels cost several times as much CPU. */
const COMPRESSION = { level: 1 };

export type Coding = 'gzip' | 'deflate' | undefined;

/** The first of those that the client names and we know; without weights, as Prometheus reads the header. */
export function codingOf(acceptEncoding: string | undefined): Coding {
  for (const name of (acceptEncoding ?? '').split(',')) {
    const coding = name.trim();
    if (coding === 'gzip' || coding === 'deflate') return coding;
  }
  return undefined;
}

/** @param status and headers beside those of the encoding are set on the reply */
export function sendPieces(reply: FastifyReply, pieces: Pieces, coding: Coding, clock: Clock): FastifyReply {
  if (coding !== undefined) reply.header('content-encoding', coding);
  reply.header('content-type', 'application/json');
  const iterator = pieces[Symbol.iterator]();
  const first = gather(iterator);
  if (first.isLast) return reply.send(encoded(first.text, coding));
  const source = Readable.from(buffers(first.text, iterator, clock), { objectMode: false });
  const compressor = compressorFor(coding);
  // What goes wrong on the way destroys both, and fastify the connection.
  return reply.send(compressor === undefined ? source : pipeline(source, compressor, () => undefined));
}

interface Gathered {
  readonly text: string;
  readonly isLast: boolean;
}

function gather(pieces: Iterator<string>): Gathered {
  let text = '';
  while (text.length < SMALL_LENGTH) {
    const next = pieces.next();
    if (next.done === true) return { text, isLast: true };
    text += next.value;
  }
  return { text, isLast: false };
}

async function* buffers(first: string, pieces: Iterator<string>, clock: Clock): AsyncGenerator<Buffer> {
  yield Buffer.from(first);
  let sliceEndMs = clock.monotonicMs() + SLICE_MS;
  for (let isLast = false; !isLast; ) {
    // A socket that takes all at once never lets the event loop run by itself.
    if (clock.monotonicMs() >= sliceEndMs) {
      await setImmediate();
      sliceEndMs = clock.monotonicMs() + SLICE_MS;
    }
    const gathered = gather(pieces);
    isLast = gathered.isLast;
    if (gathered.text !== '') yield Buffer.from(gathered.text);
  }
}

/** Bytes: to a text, fastify adds a charset that Prometheus' answers do not name. */
function encoded(text: string, coding: Coding): Buffer {
  switch (coding) {
    case undefined:
      return Buffer.from(text);
    case 'gzip':
      return gzipSync(text, COMPRESSION);
    case 'deflate':
      return deflateSync(text, COMPRESSION);
  }
}

function compressorFor(coding: Coding): Transform | undefined {
  switch (coding) {
    case undefined:
      return undefined;
    case 'gzip':
      return createGzip(COMPRESSION);
    case 'deflate':
      return createDeflate(COMPRESSION);
  }
}
