import type { BulkStore, StoredDocument } from './bulk-store.ts';
import { decodeDocument, parseJson } from './json.ts';
import type { ArrivedDocument, LogModel, LogRecord } from './model.ts';

/** Matches what the sink got to what the model knows, as it comes in. */
export class Arrivals {
  readonly stored = new Map<LogRecord, StoredDocument[]>();
  readonly refused = new Map<LogRecord, ArrivedDocument[]>();
  /** First arrivals in their order. */
  readonly sequence: { readonly record: LogRecord; readonly run: number }[] = [];
  readonly unknown: ArrivedDocument[] = [];
  readonly #store: BulkStore;
  readonly #logs: () => Iterable<LogModel>;
  #storedSeen = 0;
  readonly #refusedSeen = new Set<string>();

  constructor(store: BulkStore, logs: () => Iterable<LogModel>) {
    this.#store = store;
    this.#logs = logs;
  }

  absorb(): void {
    for (const one of this.#store.stored.slice(this.#storedSeen)) {
      const record = this.recordOf(one.document);
      if (record === undefined) this.unknown.push(one.document);
      else {
        if (!this.stored.has(record)) this.sequence.push({ record, run: one.run });
        add(this.stored, record, one);
      }
    }
    this.#storedSeen = this.#store.stored.length;
    for (const [id, document] of this.#store.refused) {
      if (this.#refusedSeen.has(id)) continue;
      this.#refusedSeen.add(id);
      const record = this.recordOf(document);
      if (record === undefined) this.unknown.push(document);
      else add(this.refused, record, document);
    }
  }

  has(record: LogRecord): boolean {
    return this.stored.has(record) || this.refused.has(record);
  }

  recordOfJson(text: string): LogRecord | undefined {
    const document = decodeDocument(parseJson(text));
    return document === undefined ? undefined : this.recordOf(document);
  }

  recordOf(document: ArrivedDocument): LogRecord | undefined {
    const restart = /\/(\d+)\.log[^/]*$/.exec(document.path)?.[1];
    const key = `${document.podUid}/${document.container}/${restart}`;
    for (const log of this.#logs()) if (log.key === key) return log.match(document);
    return undefined;
  }
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
