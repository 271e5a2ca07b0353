/** Posts to another server, and says what came of it. */
import type { Clock } from '@vigie/core/clock';
import { startDeadline } from '@vigie/core/deadline';
import { describeError } from '@vigie/core/errors';
import type { HttpClient } from '@vigie/core/http-client/http-client';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly timeoutMs: number;
}

export type PostAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  /** Nobody knows whether it has what was sent. */
  | { readonly kind: 'failed'; readonly detail: string };

/** Of an answer, for people. */
const MAX_TEXT_BYTES = 1024;

export async function post(
  client: Pick<HttpClient, 'open'>,
  { url, headers, body, timeoutMs }: Post,
  clock: Clock,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const deadline = startDeadline(signal, clock, timeoutMs, `no answer within ${timeoutMs} ms`);
  try {
    const response = await client.open({ url, method: 'POST', headers, body }, deadline.signal);
    let text = '';
    for await (const chunk of response) {
      if (chunk instanceof Buffer && text.length < MAX_TEXT_BYTES) text += chunk.toString('utf8', 0, MAX_TEXT_BYTES);
    }
    return { kind: 'answered', status: response.statusCode ?? 0, text: text.trim() };
  } catch (error) {
    return { kind: 'failed', detail: describeError(deadline.signal.aborted ? deadline.signal.reason : error) };
  } finally {
    deadline.cancel();
  }
}
