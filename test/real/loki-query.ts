/** What a real Loki has of a stream selector, entry by entry. */
import type { RealLoki } from './parts/loki.ts';
import { arrayAt, at } from './rest.ts';

export interface LokiEntry {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly line: string;
  /** Those of the stream and structured metadata alike. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Loki's own limit is 5,000. */
const PAGE = 5000;

async function query(loki: RealLoki, path: string, parameters: object, tenant?: string): Promise<unknown> {
  const url = `${loki.url}/loki/api/v1/${path}?${new URLSearchParams(Object.entries(parameters))}`;
  const answer = await fetch(url, tenant === undefined ? {} : { headers: { 'x-scope-orgid': tenant } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** All entries with times from `from` up to `to`, oldest first. */
export async function lokiEntries(
  loki: RealLoki,
  selector: string,
  from: bigint,
  to: bigint,
  tenant?: string,
): Promise<readonly LokiEntry[]> {
  const found: LokiEntry[] = [];
  const pending: [bigint, bigint][] = [[from, to]];
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    const [start, end] = span;
    const range = { query: selector, start: String(start), end: String(end), limit: PAGE, direction: 'forward' };
    const entries = entriesOf(await query(loki, 'query_range', range, tenant));
    if (entries.length < PAGE) {
      found.push(...entries);
      continue;
    }
    const middle = (start + end) / 2n;
    pending.push([middle, end], [start, middle]);
  }
  return found;
}

function entriesOf(answer: unknown): LokiEntry[] {
  const entries = arrayAt(answer, 'data', 'result').flatMap((stream) => {
    const labels = at(stream, 'stream') as Record<string, string>;
    return arrayAt(stream, 'values').map((value): LokiEntry => {
      return { time: BigInt(String(at(value, 0))), line: String(at(value, 1)), labels };
    });
  });
  return entries.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** How many entries there are within the last two days, and the hour that is to come. */
export async function lokiCount(loki: RealLoki, selector: string, tenant?: string): Promise<number> {
  const time = String(Math.floor(Date.now() / 1000) + 3600);
  const answer = await query(loki, 'query', { query: `sum(count_over_time(${selector}[48h]))`, time }, tenant);
  return Number(at(answer, 'data', 'result', 0, 'value', 1) ?? 0);
}
