import type { Fault } from './faults.ts';
import { decodeDocument, member, parseJson } from './json.ts';
import { isUtf8 } from './lines.ts';
import type { ArrivedDocument } from './model.ts';
import type { Random } from './random.ts';

export interface StoredDocument {
  readonly index: string;
  readonly id: string;
  readonly document: ArrivedDocument;
  /** Which start of the agent sent it first. */
  readonly run: number;
}

export interface BulkStoreOptions {
  /** Whether the sink refuses this document for ever. */
  readonly refuses: (document: ArrivedDocument) => boolean;
  /** Bodies beyond this, before compression, are 413 for ever. */
  readonly maxBodyBytes: number;
}

/** What the client gets to see of one request. */
export type Reply =
  | { readonly kind: 'whole'; readonly status: number; readonly text: string; readonly retryAfter?: string | undefined }
  /** The head and the first half of a 200. */
  | { readonly kind: 'half'; readonly text: string }
  | { readonly kind: 'reset' };

/** The bulk API of Elasticsearch and OpenSearch as an agent sees it: `create` stores each `_id` of an index once
 *  and answers 409 after that. It keeps what it stored, and objects to bodies that are no bulk. */
export class BulkStore {
  /** In order of arrival. */
  readonly stored: StoredDocument[] = [];
  /** Documents answered with a final refusal, by id. */
  readonly refused = new Map<string, ArrivedDocument>();
  /** What a client must never send. */
  readonly objections: string[] = [];
  /** Documents in all requests, repeated ones too. */
  received = 0;
  readonly #options: BulkStoreOptions;
  readonly #ids = new Set<string>();

  constructor(options: BulkStoreOptions) {
    this.#options = options;
  }

  /** @param index the one in the URL, for actions that name none
   *  @param random chooses the items of a fault that takes some */
  bulk(index: string, body: Buffer, run: number, fault: Fault, random: Random): Reply {
    const items = this.#parse(index, body);
    if (fault.kind === 'status') {
      return { kind: 'whole', status: fault.status, text: '<html>trouble</html>', retryAfter: fault.retryAfter };
    }
    if (fault.kind === 'stall' && fault.ending === 'reset') return { kind: 'reset' };
    if (body.length > this.#options.maxBodyBytes) return this.#refuseBody(items, 413, '');
    if (fault.kind === 'too_large' && items.length > 1) return { kind: 'whole', status: 413, text: '' };
    if (fault.kind === 'refuse_body' && items.some((item) => this.#options.refuses(item.document))) {
      return this.#refuseBody(items, 400, '{"error":{"type":"illegal_argument_exception"},"status":400}');
    }
    const half = fault.kind === 'reset' && fault.at === 'half_stored';
    const taken = half ? items.slice(0, items.length >> 1) : items;
    const results = taken.map((item) => this.#store(item, run, fault, random));
    const errors = results.some((result) => result.create.status > 299);
    const text = JSON.stringify({ took: 1, errors, items: results });
    if (fault.kind === 'reset') return fault.at === 'answer' ? { kind: 'half', text } : { kind: 'reset' };
    if (fault.kind === 'stall' && fault.ending === 'stored_reset') return { kind: 'reset' };
    return { kind: 'whole', status: 200, text };
  }

  #refuseBody(items: readonly BulkItem[], status: number, text: string): Reply {
    const [only] = items;
    if (items.length === 1 && only !== undefined) this.refused.set(only.id, only.document);
    return { kind: 'whole', status, text };
  }

  #store(item: BulkItem, run: number, fault: Fault, random: Random): ItemResult {
    if (fault.kind === 'items' && random.chance(fault.share)) {
      return refusal(item, fault.status, 'es_rejected_execution_exception', 'queue is full');
    }
    if (this.#options.refuses(item.document)) {
      this.refused.set(item.id, item.document);
      return refusal(item, 400, 'mapper_parsing_exception', 'failed to parse field');
    }
    const key = `${item.index}/${item.id}`;
    if (this.#ids.has(key)) return refusal(item, 409, 'version_conflict_engine_exception', 'document already exists');
    this.#ids.add(key);
    this.stored.push({ index: item.index, id: item.id, document: item.document, run });
    return { create: { _index: item.index, _id: item.id, status: 201, result: 'created' } };
  }

  #parse(indexOfUrl: string, body: Buffer): BulkItem[] {
    if (body.at(-1) !== 0x0a) this.#object('a bulk body that does not end in a newline');
    if (!isUtf8(body)) this.#object('a bulk body that is not UTF-8');
    const lines = body.toString().split('\n').slice(0, -1);
    const items: BulkItem[] = [];
    for (let line = 0; line < lines.length; line += 2) {
      const action = parseJson(lines[line]);
      const id = member(action, 'create', '_id');
      const index = member(action, 'create', '_index') ?? indexOfUrl;
      const document = decodeDocument(parseJson(lines[line + 1]));
      if (typeof id === 'string' && typeof index === 'string' && document !== undefined) {
        items.push({ index, id, document });
      } else {
        this.#object(`no create action and document: ${lines[line]?.slice(0, 200)} ${lines[line + 1]?.slice(0, 300)}`);
      }
    }
    if (items.length === 0) this.#object('a bulk body without a document');
    this.received += items.length;
    return items;
  }

  #object(what: string): void {
    if (this.objections.length < 20) this.objections.push(what);
  }
}

interface BulkItem {
  readonly index: string;
  readonly id: string;
  readonly document: ArrivedDocument;
}

interface ItemResult {
  readonly create: {
    readonly _index: string;
    readonly _id: string;
    readonly status: number;
    readonly result?: string;
    readonly error?: { readonly type: string; readonly reason: string };
  };
}

function refusal(item: BulkItem, status: number, type: string, reason: string): ItemResult {
  return { create: { _index: item.index, _id: item.id, status, error: { type, reason } } };
}
