/** The body of an answer, as far as it may go. */
import type { IncomingMessage } from 'node:http';

export class BodyTooLargeError extends Error {
  constructor() {
    super('body size limit exceeded');
  }
}

/** @param maxBytes a body that is longer is not read to its end
 *  @throws {BodyTooLargeError}; what breaks the body off */
export async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    response.destroy();
    throw new BodyTooLargeError();
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  // To leave the loop before the end destroys the answer, and its connection.
  for await (const chunk of response) {
    if (!(chunk instanceof Buffer)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLargeError();
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, bytes);
}
