/** One watch: what changed since a resource version, until the server ends it or the connection breaks. */
import type { Clock } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';
import { onAbort } from '@vigie/core/on-abort';
import { type KubeFailure, type KubeRefusal, refusalOf } from './answer.ts';
import type { KubeClient } from './client.ts';
import { acceptOf, type Collection } from './collection.ts';
import { KubeStreamError } from './exchange.ts';
import { JsonSequenceReader } from './json-stream.ts';
import { failureOf } from './list.ts';

export interface WatchHandlers<T> {
  /** The server has accepted the watch. */
  opened(): void;
  added(object: T): void;
  modified(object: T): void;
  deleted(object: T): void;
  bookmarked(): void;
  /** An object that could not be decoded: its change is missing. */
  undecodable(): void;
  /** All up to here has been told; called after each of the above. */
  reached(resourceVersion: string): void;
  received(bytes: number): void;
}

export interface WatchEnded {
  readonly status: 'ended';
}

/** Servers with bookmarks send one a minute: after three minutes without a byte there is nobody any more. Where this is
 *  wrong, it costs one new watch from the version reached. */
const SILENCE_AFTER_BOOKMARK_MS = 180_000;
/** The server ends a watch by itself; one that outlives that by this much is dead. */
const OVERDUE_MS = 30_000;

export interface WatchOptions {
  readonly resourceVersion: string;
  /** After which the server is to end it. */
  readonly timeoutMs: number;
  /** Of a collection in which something changes more often: a server that says nothing for so long is not there. undefined: it may be quiet. */
  readonly silenceMs?: number | undefined;
}

/** @returns `ended` when the server ended it in order, or has been silent for longer than silenceMs: what it has not told, the next one has
 *  @throws the signal's reason, and what a handler throws */
export async function watchOnce<T>(
  client: Pick<KubeClient, 'stream'>,
  collection: Collection<T>,
  { resourceVersion, timeoutMs, silenceMs }: WatchOptions,
  handlers: WatchHandlers<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<WatchEnded | KubeRefusal | KubeFailure> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const leave = onAbort(signal, () => ending.abort(signal.reason));
  const overdue = clock.setTimer(timeoutMs + OVERDUE_MS, () => {
    ending.abort(new KubeStreamError('timeout', `the server did not end the watch after ${timeoutMs / 1000} s`));
  });
  const opening =
    silenceMs === undefined
      ? undefined
      : clock.setTimer(silenceMs, () =>
          ending.abort(new KubeStreamError('timeout', `no answer to a watch within ${silenceMs / 1000} s`)),
        );
  const accept = acceptOf(collection).watch;
  let isOpen = false;
  try {
    const query = {
      ...collection.selectors,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(Math.round(timeoutMs / 1000)),
    };
    const request = {
      method: 'GET',
      path: collection.path,
      query,
      ...(accept === undefined ? {} : { accept }),
    } as const;
    const answer = await client.stream(request, ending.signal);
    opening?.cancel();
    if (answer.status !== 'ok') return answer;
    isOpen = true;
    // A quiet collection sends nothing for as long as the watch lasts.
    answer.limitSilence(silenceMs ?? timeoutMs + OVERDUE_MS);
    handlers.opened();
    const onBookmark = (): void => answer.limitSilence(silenceMs ?? SILENCE_AFTER_BOOKMARK_MS);
    return await readEvents(collection, handlers, answer.chunks, onBookmark);
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error);
    return isOpen && silenceMs !== undefined && failure.reason === 'timeout' ? { status: 'ended' } : failure;
  } finally {
    opening?.cancel();
    overdue.cancel();
    leave();
    // A handler that threw before the first byte leaves a connection that nobody reads.
    ending.abort(new KubeStreamError('network', 'the watch is over'));
  }
}

async function readEvents<T>(
  collection: Collection<T>,
  handlers: WatchHandlers<T>,
  chunks: AsyncIterable<Buffer>,
  onBookmark: () => void,
): Promise<WatchEnded | KubeRefusal> {
  let refusal: KubeRefusal | undefined;
  const reader = new JsonSequenceReader((bytes, start, end) => {
    if (refusal !== undefined) return;
    const event = parseEvent(bytes.toString('utf8', start, end));
    if (event.type === 'ERROR') {
      refusal = refusalOf(event.object, undefined, 'the server ended the watch with an error', undefined);
      return;
    }
    if (event.type === 'BOOKMARK') {
      onBookmark();
      handlers.bookmarked();
    } else tell(event, collection, handlers);
    if (event.resourceVersion !== '') handlers.reached(event.resourceVersion);
  });
  for await (const chunk of chunks) {
    handlers.received(chunk.length);
    reader.write(chunk);
    if (refusal !== undefined) return refusal;
  }
  reader.end();
  return { status: 'ended' };
}

interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
  readonly resourceVersion: string;
}

/** @throws {KubeStreamError} for what is no event: what it says is unknown, so the watch cannot go on */
function parseEvent(text: string): WatchEvent {
  try {
    const event: unknown = JSON.parse(text);
    const object = at(event, 'object');
    const type = at(event, 'type');
    const version = at(at(object, 'metadata'), 'resourceVersion');
    if (typeof type === 'string') return { type, object, resourceVersion: typeof version === 'string' ? version : '' };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new KubeStreamError('protocol', 'the server sent what is no watch event');
}

function tell<T>({ type, object }: WatchEvent, { form }: Collection<T>, handlers: WatchHandlers<T>): void {
  let decoded: T;
  try {
    decoded = form.decode(object);
  } catch (error) {
    if (errorCode(error) !== 'KUBE_OBJECT_INVALID') throw error;
    handlers.undecodable();
    return;
  }
  switch (type) {
    case 'ADDED':
      handlers.added(decoded);
      return;
    case 'MODIFIED':
      handlers.modified(decoded);
      return;
    case 'DELETED':
      handlers.deleted(decoded);
      return;
    default:
      // A kind of event that some later version brings.
      handlers.undecodable();
  }
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
