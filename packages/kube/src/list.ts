/** All objects of a collection, in as many pages as the server makes of them, decoded one by one from the bytes. */
import { errorCode } from '@vigie/core/errors';
import { isExpired, type KubeFailure, type KubeRefusal } from './answer.ts';
import type { KubeClient } from './client.ts';
import { acceptOf, type Collection } from './collection.ts';
import { KubeStreamError } from './exchange.ts';
import { JsonListReader } from './json-stream.ts';

export interface Listed<T> {
  readonly status: 'ok';
  readonly items: Map<string, T>;
  /** To watch from. */
  readonly resourceVersion: string;
  /** It came in pages: this server has no watch cache to serve it from. */
  readonly paginated: boolean;
  readonly receivedBytes: number;
  /** Items that could not be decoded; they are missing. */
  readonly undecodable: number;
}

export interface ListVersion {
  /** `0`: whatever the server's cache has. Empty: the newest, read from etcd. Any other: not older than that. */
  readonly resourceVersion: string;
  /** Objects of a page, where the server reads from etcd. */
  readonly limit: number | undefined;
}

/** @throws the signal's reason */
export async function listAll<T>(
  client: Pick<KubeClient, 'stream'>,
  collection: Collection<T>,
  version: ListVersion,
  signal: AbortSignal,
): Promise<Listed<T> | KubeRefusal | KubeFailure> {
  const listed = await listPages(client, collection, version, signal);
  // The pages are of one moment, and the server forgot it before they were all read: then all in one answer.
  if (listed.status === 'refused' && listed.duringPages && isExpired(listed))
    return listPages(client, collection, { ...version, limit: undefined }, signal);
  return listed;
}

async function listPages<T>(
  client: Pick<KubeClient, 'stream'>,
  collection: Collection<T>,
  { resourceVersion, limit }: ListVersion,
  signal: AbortSignal,
): Promise<Listed<T> | (KubeRefusal & { readonly duringPages: boolean }) | KubeFailure> {
  const items = new Map<string, T>();
  let receivedBytes = 0;
  let undecodable = 0;
  let token = '';
  for (let page = 0; ; page++) {
    const query = {
      ...collection.selectors,
      limit: limit === undefined ? undefined : String(limit),
      // The token holds the version of the first page.
      ...(token === '' ? { resourceVersion: resourceVersion || undefined } : { continue: token }),
    };
    const read = await readPage(client, collection, query, items, signal);
    if (read.status === 'refused') return { ...read, duringPages: page > 0 };
    if (read.status === 'failed') return read;
    receivedBytes += read.receivedBytes;
    undecodable += read.undecodable;
    if (read.continue === '') {
      const { resourceVersion: version } = read;
      return { status: 'ok', items, resourceVersion: version, paginated: page > 0, receivedBytes, undecodable };
    }
    token = read.continue;
  }
}

interface Page {
  readonly status: 'ok';
  readonly resourceVersion: string;
  /** Empty on the last page. */
  readonly continue: string;
  readonly receivedBytes: number;
  readonly undecodable: number;
}

async function readPage<T>(
  client: Pick<KubeClient, 'stream'>,
  collection: Collection<T>,
  query: Readonly<Record<string, string | undefined>>,
  items: Map<string, T>,
  signal: AbortSignal,
): Promise<Page | KubeRefusal | KubeFailure> {
  const accept = acceptOf(collection).list;
  const request = { method: 'GET', path: collection.path, query, ...(accept === undefined ? {} : { accept }) } as const;
  const answer = await client.stream(request, signal);
  if (answer.status !== 'ok') return answer;
  let receivedBytes = 0;
  let undecodable = 0;
  const reader = new JsonListReader((bytes, start, end) => {
    try {
      const object = collection.form.decode(JSON.parse(bytes.toString('utf8', start, end)));
      items.set(collection.key(object), object);
    } catch (error) {
      if (!(error instanceof SyntaxError) && errorCode(error) !== 'KUBE_OBJECT_INVALID') throw error;
      undecodable++;
    }
  });
  try {
    for await (const chunk of answer.chunks) {
      receivedBytes += chunk.length;
      reader.write(chunk);
    }
    const metadata = reader.end().get('metadata');
    return {
      status: 'ok',
      resourceVersion: textAt(metadata, 'resourceVersion'),
      continue: textAt(metadata, 'continue'),
      receivedBytes,
      undecodable,
    };
  } catch (error) {
    return failureOf(error);
  }
}

/** @throws what is no failure of the connection or of what came over it */
export function failureOf(error: unknown): KubeFailure {
  if (error instanceof KubeStreamError) return { status: 'failed', reason: error.reason, detail: error.message };
  if (error instanceof Error && errorCode(error) === 'KUBE_JSON_MALFORMED')
    return { status: 'failed', reason: 'protocol', detail: error.message };
  throw error;
}

function textAt(value: unknown, name: string): string {
  const member: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof member === 'string' ? member : '';
}
