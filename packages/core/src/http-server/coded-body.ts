/** The body of a request without its content coding. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { describeError } from '../errors.ts';
import { HttpError, type HttpRequest } from './exchange.ts';

const unzip = promisify(gunzip);

/** @param maxBytes of what comes out
 *  @param codings that are taken beside none; gzip alone is undone
 *  @throws {HttpError} 413, 415, or 400 for what is no gzip */
export async function codedBody(
  request: Pick<HttpRequest, 'headers' | 'body'>,
  maxBytes: number,
  codings: readonly string[],
): Promise<Buffer> {
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity' && !codings.includes(coding))
    throw new HttpError(415, `content-encoding ${codings.join(' or ')}`);
  const body = await request.body();
  if (coding !== 'gzip') return body;
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(413, `the body is larger than ${maxBytes} bytes`, {});
    throw new HttpError(400, `no gzip: ${describeError(error)}`);
  }
}
