/** A scripted Elasticsearch: keeps what it stores, and does to each bulk request what a test says. */
import type { ServerResponse } from 'node:http';
import { type Peer, type PeerRequest, startPeer } from '../http-peer.ts';

/** What becomes of one bulk request. `lost`: stored, and the answer never arrives. `items`: a status for each record,
 *  200 stores it. */
export type BulkFate =
  | 'ok'
  | 'lost'
  | 'reset'
  | 'reset_mid_answer'
  | 'slow_answer'
  | 'stall'
  | { readonly status: number; readonly retryAfter?: string; readonly body?: string }
  | { readonly items: readonly number[] };

export interface BulkServer {
  readonly peer: Peer;
  /** Messages by id (or by number, where records come without), in the order in which they were stored. */
  readonly stored: Map<string, string>;
  /** Bulk requests as they came, with the fate of each. */
  readonly bulks: PeerRequest[];
  fates: BulkFate[];
}

export async function startBulkServer(): Promise<BulkServer> {
  const stored = new Map<string, string>();
  const bulks: PeerRequest[] = [];
  const state: { fates: BulkFate[] } = { fates: [] };
  const peer = await startPeer((request, response) => {
    if (!request.url.includes('/_bulk')) {
      response.writeHead(200).end(matchingTemplate);
      return;
    }
    bulks.push(request);
    answer(request, response, state.fates.shift() ?? 'ok', stored);
  });
  return Object.assign(state, { peer, stored, bulks });
}

const matchingTemplate = JSON.stringify({
  index_templates: [{ name: 't', index_template: { index_patterns: ['*'], data_stream: {} } }],
});

function answer(request: PeerRequest, response: ServerResponse, fate: BulkFate, stored: Map<string, string>): void {
  if (typeof fate === 'object' && 'status' in fate) {
    const headers = fate.retryAfter === undefined ? {} : { 'retry-after': fate.retryAfter };
    response.writeHead(fate.status, headers).end(fate.body ?? '');
    return;
  }
  if (fate === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (fate === 'stall') return;
  const text = storeAll(request.body, typeof fate === 'object' ? fate.items : [], stored);
  if (fate === 'lost') {
    response.socket?.resetAndDestroy();
  } else if (fate === 'reset_mid_answer') {
    response.writeHead(200, { 'content-length': text.length });
    response.write(text.slice(0, text.length - 3), () => response.socket?.resetAndDestroy());
  } else if (fate === 'slow_answer') {
    response.writeHead(200);
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  } else {
    response.writeHead(200).end(text);
  }
}

function storeAll(body: string, statuses: readonly number[], stored: Map<string, string>): string {
  const lines = body.split('\n').slice(0, -1);
  const items: unknown[] = [];
  let errors = false;
  for (let at = 0; at < lines.length; at += 2) {
    const [[action, { _id: id }]] = Object.entries(JSON.parse(lines[at] ?? '')) as [[string, { _id?: string }]];
    const wanted = statuses[at / 2] ?? 201;
    const key = id ?? String(stored.size);
    const status = wanted < 300 && stored.has(key) ? 409 : wanted;
    if (status < 300) stored.set(key, Reflect.get(Object(JSON.parse(lines[at + 1] ?? '')), 'message'));
    const error = status < 300 ? {} : { error: { type: `error_${status}`, reason: `because of ${status}` } };
    errors ||= status >= 300;
    items.push({ [action]: { status, ...error } });
  }
  return JSON.stringify({ errors, items });
}
