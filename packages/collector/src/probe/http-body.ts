/** Reads the body of an HTTP answer: its length, and as much of it as patterns are held against. */
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflateRaw } from 'node:zlib';
import { assertNever } from '@vigie/core/errors';
import type { Compression } from './probe-module.ts';

export interface ReadBodyOptions {
  readonly compression: Compression | undefined;
  /** Decompressed; undefined: no limit. */
  readonly sizeLimit: number | undefined;
  /** Else it is counted alone. */
  readonly isKept: boolean;
  readonly signal: AbortSignal;
}

export interface ReadHttpBody {
  /** Empty, unless it is kept. */
  readonly bytes: Buffer;
  /** Decompressed. */
  readonly length: number;
  /** What kept it from being read to its end. */
  readonly failure: Error | undefined;
}

/** A body that patterns are held against is in memory as a whole. */
const MAX_KEPT_BYTES = 16 * 1024 ** 2;

export async function readHttpBody(
  body: Readable,
  { compression, sizeLimit, isKept, signal }: ReadBodyOptions,
): Promise<ReadHttpBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  let failure: Error | undefined;
  const decompress = decompressor(compression);
  // A broken connection ends what is decompressed too.
  body.once('error', (error) => decompress?.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) decompress?.destroy(new Error('the connection was closed'));
  });
  const plain = decompress === undefined ? body : body.pipe(decompress);
  try {
    for await (const chunk of plain) {
      if (!(chunk instanceof Buffer)) continue;
      const room = (sizeLimit ?? Number.POSITIVE_INFINITY) - length;
      length += Math.min(chunk.length, room);
      if (chunk.length > room) throw new Error(`the body is larger than ${sizeLimit} bytes (body_size_limit)`);
      if (!isKept) continue;
      if (length > MAX_KEPT_BYTES)
        throw new Error(`the body is larger than ${MAX_KEPT_BYTES} bytes, the most that patterns are held against`);
      chunks.push(chunk);
    }
  } catch (error) {
    failure = signal.aborted ? asError(signal.reason) : asError(error);
  }
  return { bytes: Buffer.concat(chunks), length, failure };
}

function decompressor(compression: Compression | undefined): Transform | undefined {
  switch (compression) {
    case undefined:
    case 'identity':
      return undefined;
    case 'gzip':
      return createGunzip();
    case 'deflate':
      return createInflateRaw();
    case 'br':
      return createBrotliDecompress();
    default:
      return assertNever(compression);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
