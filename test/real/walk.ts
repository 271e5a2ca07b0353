/** Reads every document of an index or data stream, and says what of the numbers 0..n-1 is there, missing, or there twice. */
import { until } from './deadline.ts';
import { arrayAt, ask, at, type Endpoint, numberAt, rest, stringAt } from './rest.ts';

const PAGE_SIZE = 5000;

/** Calls `visit` with every document, by scroll in index order, which both servers have and which is the fastest. Whole documents: to leave
 *  fields out costs the server more than to send them.
 *  @returns how many there were */
export async function walk(
  server: Endpoint,
  target: string,
  visit: (source: unknown, id: string) => void,
): Promise<number> {
  await ask(server, 'POST', `/${target}/_refresh`);
  let page = await ask(server, 'POST', `/${target}/_search?scroll=2m`, { size: PAGE_SIZE, sort: ['_doc'] });
  let seen = 0;
  for (;;) {
    if (at(page, 'timed_out') !== false || numberAt(page, '_shards', 'failed') !== 0)
      throw new Error('a shard did not answer');
    const hits = arrayAt(page, 'hits', 'hits');
    const scroll = stringAt(page, '_scroll_id');
    if (hits.length === 0) {
      await ask(server, 'DELETE', '/_search/scroll', { scroll_id: [scroll] });
      return seen;
    }
    seen += hits.length;
    // The server works on the next page while this one is looked at.
    const next = ask(server, 'POST', '/_search/scroll', { scroll: '2m', scroll_id: scroll });
    for (const hit of hits) visit(at(hit, '_source'), stringAt(hit, '_id'));
    page = await next;
  }
}

/** How many documents can be searched; 0 while there is no such index, undefined while its shards are not started yet. */
export async function countDocuments(server: Endpoint, target: string): Promise<number | undefined> {
  const path = `/${target}/_count?ignore_unavailable=true&allow_no_indices=true`;
  const answer = await rest(server, 'GET', path);
  if (answer.status === 503) return undefined;
  if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return numberAt(answer.body, 'count');
}

/** Waits until a data stream has that many documents, and no fewer, for as long as it grows.
 *  @param stallMs the longest time without a new document
 *  @throws {Error} with `detail` when it has stalled */
export async function untilStored(
  server: Endpoint,
  target: string,
  documents: number,
  detail: () => string,
  stallMs = 120_000,
): Promise<void> {
  let stored = 0;
  while (stored < documents) {
    const before = stored;
    stored = await until(
      `more documents in ${target}`,
      stallMs,
      async () => {
        const count = (await countDocuments(server, target)) ?? 0;
        return count > before ? count : undefined;
      },
      () => `${before} of ${documents} are there; ${detail()}`,
    );
  }
}

/** Which of the numbers 0..size-1 were seen how often. */
export class NumberTally {
  readonly #seen: Uint8Array;
  distinct = 0;
  repeated = 0;
  /** Numbers out of range, and documents without one. */
  foreign = 0;

  constructor(size: number) {
    this.#seen = new Uint8Array(size);
  }

  see(n: number | undefined): void {
    const before = n === undefined ? undefined : this.#seen[n];
    if (n === undefined || before === undefined) {
      this.foreign += 1;
      return;
    }
    if (before === 0) this.distinct += 1;
    else this.repeated += 1;
    this.#seen[n] = Math.min(before + 1, 255);
  }

  /** The numbers not seen. */
  missing(): readonly string[] {
    return this.#ranges((times) => times === 0);
  }

  /** The numbers seen more than once. */
  doubled(): readonly string[] {
    return this.#ranges((times) => times > 1);
  }

  /** `first-last`, the first twenty. */
  #ranges(includes: (times: number) => boolean): readonly string[] {
    const ranges: string[] = [];
    const isIn = (n: number): boolean => n < this.#seen.length && includes(this.#seen[n] ?? 0);
    for (let n = 0; n < this.#seen.length && ranges.length < 20; n += 1) {
      if (!isIn(n)) continue;
      const first = n;
      while (isIn(n + 1)) n += 1;
      ranges.push(first === n ? `${n}` : `${first}-${n}`);
    }
    return ranges;
  }
}
