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
  // Listeners, not the stream's iterator: that takes longer to set up than a body of 100 KiB takes to arrive.
  await new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      // Its connection ends with it.
      if (bytes > maxBytes) response.destroy(new BodyTooLargeError());
    });
    response.once('end', resolve);
    response.once('error', reject);
    response.once('close', () => reject(new Error('the body ended early')));
  });
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, bytes);
}
