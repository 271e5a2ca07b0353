/** Asks a target for its metrics. Source: Prometheus, scrape/scrape.go, targetScraper. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import { startDeadline } from '@vigie/core/deadline';
import { describeError, errorCode } from '@vigie/core/errors';
import type { HttpClient } from '@vigie/core/http-client/http-client';
import { BodyTooLargeError, readBody } from '@vigie/core/http-client/read-body';
import { ScrapeError } from './scrape-error.ts';

export interface FetchOptions {
  readonly client: Pick<HttpClient, 'open'>;
  readonly accept: string;
  readonly compressed: boolean;
  readonly timeoutMs: number;
  /** A body of so many bytes, decompressed, is too large. */
  readonly maxBodyBytes: number;
  readonly clock: Clock;
}

export interface FetchedExposition {
  /** Decompressed. */
  readonly body: Buffer;
  readonly contentType: string;
}

/** What is told in the text format, to a scrape that may take so long. */
export type Page = (scrape: {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}) => Promise<{ readonly body: string; readonly contentType: string }>;

const inflateElsewhere = promisify(gunzip);
/** Up to here, some 15,000 series, it takes 5 ms; the way to another thread and back, once for every piece, takes as much again. */
const MAX_INFLATED_HERE_BYTES = 2 * 1024 * 1024;
const GZIP_TRAILER_BYTES = 8;
/** What gzip adds to bytes that it cannot make smaller is far less. */
const GZIP_OVERHEAD_BYTES = 64 * 1024;
const TIMED_OUT = 'context deadline exceeded';

/** @param signal ends it at once
 *  @throws {ScrapeError}; the signal's reason */
export async function fetchExposition(
  url: string,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<FetchedExposition> {
  signal.throwIfAborted();
  const deadline = startDeadline(signal, options.clock, options.timeoutMs, TIMED_OUT);
  try {
    const response = await open(url, options, deadline.signal);
    return { body: await read(response, options.maxBodyBytes), contentType: response.headers['content-type'] ?? '' };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const isTimedOut = deadline.signal.aborted;
    if (error instanceof ScrapeError && !isTimedOut) throw error;
    const isOpened = error instanceof ScrapeError;
    const what = isTimedOut ? TIMED_OUT : describeError(error);
    throw new ScrapeError(isTimedOut ? 'timeout' : 'connection', isOpened ? what : `Get "${url}": ${what}`, {
      cause: error,
    });
  } finally {
    deadline.cancel();
  }
}

/** A page of this process, by whoever makes it.
 *  @throws {ScrapeError}; the signal's reason */
export async function fetchPage(page: Page, timeoutMs: number, signal: AbortSignal): Promise<FetchedExposition> {
  try {
    const { body, contentType } = await page({ timeoutMs, signal });
    return { body: Buffer.from(body), contentType };
  } catch (error) {
    signal.throwIfAborted();
    throw new ScrapeError('connection', describeError(error), { cause: error });
  }
}

async function open(url: string, options: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { client, accept, compressed, timeoutMs } = options;
  if (!URL.canParse(url)) throw new Error('invalid URL');
  const headers = {
    accept,
    'accept-encoding': compressed ? 'gzip' : 'identity',
    'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
  };
  return client.open({ url: new URL(url), headers }, signal);
}

/** @throws {ScrapeError} */
async function read(response: IncomingMessage, maxBodyBytes: number): Promise<Buffer> {
  const { statusCode = 0, statusMessage = '' } = response;
  if (statusCode !== 200) {
    response.on('error', () => undefined);
    response.destroy();
    throw new ScrapeError('http_status', `server returned HTTP status ${statusCode} ${statusMessage}`.trimEnd());
  }
  try {
    const isCompressed = response.headers['content-encoding'] === 'gzip';
    const received = await readBody(response, isCompressed ? maxBodyBytes + GZIP_OVERHEAD_BYTES : maxBodyBytes);
    const body = isCompressed ? await inflate(received, maxBodyBytes) : received;
    if (body.length >= maxBodyBytes) throw new BodyTooLargeError();
    return body;
  } catch (error) {
    if (error instanceof BodyTooLargeError || errorCode(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw new ScrapeError('body_size_limit', 'body size limit exceeded');
    }
    throw new ScrapeError('connection', describeError(error), { cause: error });
  }
}

async function inflate(received: Buffer, maxOutputLength: number): Promise<Buffer> {
  const told = toldBytes(received);
  if (told <= MAX_INFLATED_HERE_BYTES) {
    try {
      // Room for a few bytes more: where the last piece is full, zlib asks for another.
      const options = { maxOutputLength: Math.min(maxOutputLength, MAX_INFLATED_HERE_BYTES), chunkSize: told + 64 };
      return gunzipSync(received, options);
    } catch (error) {
      if (errorCode(error) !== 'ERR_BUFFER_TOO_LARGE') throw error;
    }
  }
  return inflateElsewhere(received, { maxOutputLength });
}

/** What the end of a gzip stream says that its last member comes to: a hint, which a body can get wrong. */
function toldBytes(received: Buffer): number {
  return received.length < GZIP_TRAILER_BYTES ? 0 : received.readUInt32LE(received.length - 4);
}
