/** What rules ask of a server that is Vigie: all queries of a group in one request, when the first of them is asked. A request costs both sides
 *  several times what most rules do. Of any other server each is asked by itself. */
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { Query } from '@vigie/promql/evaluate/engine';
import type { InstantResult } from '@vigie/promql/evaluate/result';
import type { RemotePrometheus } from '@vigie/promql/remote/remote-prometheus';
import { type QueryVector, vectorOf } from '@vigie/rules/query';
import type { RuleGroup } from '@vigie/rules/rule';

/** A server that knows no such request may be another one by then. */
const ASK_AGAIN_MS = 10 * 60_000;
/** Of one request: an answer is held as a whole. */
const MOST_QUERIES = 200;

type Outcome = InstantResult | Error;

/** Of a group at one time. */
interface Batch {
  readonly timestampMs: number;
  /** By the text of the query, each for one who asks. */
  readonly outcomes: Map<string, Outcome>;
}

export class BatchedQueries {
  readonly #remote: Pick<RemotePrometheus, 'instant' | 'instantAll'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The queries of its group, by each of them. */
  #groups: ReadonlyMap<string, readonly string[]> = new Map();
  /** The last of each group, by its queries. */
  readonly #batches = new Map<readonly string[], Promise<Batch | undefined>>();
  #askAgainAtMs = 0;

  constructor(remote: Pick<RemotePrometheus, 'instant' | 'instantAll'>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#remote = remote;
    this.#clock = clock;
  }

  /** Takes up other rules. A query that is in several groups is asked with the first. */
  use(groups: readonly RuleGroup[]): void {
    const byQuery = new Map<string, readonly string[]>();
    for (const { rules, extras } of groups) {
      // Extras are of one group's requests; and what is recorded is to be seen by the rules behind.
      if (extras !== undefined || rules.some(({ kind }) => kind === 'recording')) continue;
      const own = [...new Set(rules.map(({ query }) => query.text))].filter((text) => !byQuery.has(text));
      for (let at = 0; at < own.length; at += MOST_QUERIES) {
        const batch = own.slice(at, at + MOST_QUERIES);
        // One alone is as cheap by itself.
        if (batch.length > 1) for (const text of batch) byQuery.set(text, batch);
      }
    }
    this.#groups = byQuery;
    this.#batches.clear();
  }

  readonly query: QueryVector = async (query, timestampMs, signal, extras) => {
    const outcome = extras === undefined ? await this.#fromBatch(textOf(query), timestampMs, signal) : undefined;
    if (outcome instanceof Error) throw outcome;
    return vectorOf(outcome ?? (await this.#remote.instant({ query, timestampMs, extras }, signal)).result);
  };

  /** @returns undefined where it has to be asked by itself */
  async #fromBatch(text: string, timestampMs: number, signal: AbortSignal): Promise<Outcome | undefined> {
    const queries = this.#groups.get(text);
    if (queries === undefined || this.#clock.monotonicMs() < this.#askAgainAtMs) return undefined;
    const last = await this.#batches.get(queries)?.catch(() => undefined);
    if (last?.timestampMs !== timestampMs) {
      const asking = this.#ask(queries, timestampMs, signal);
      this.#batches.set(queries, asking);
      return this.#take(await asking, text);
    }
    return this.#take(last, text);
  }

  async #ask(queries: readonly string[], timestampMs: number, signal: AbortSignal): Promise<Batch | undefined> {
    const outcomes = await this.#remote.instantAll(queries, timestampMs, signal);
    if (outcomes === undefined) {
      this.#askAgainAtMs = this.#clock.monotonicMs() + ASK_AGAIN_MS;
      return undefined;
    }
    const byText = new Map<string, Outcome>();
    for (const [index, text] of queries.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) throw bug(`no answer to query ${index} of a batch`);
      byText.set(text, outcome);
    }
    return { timestampMs, outcomes: byText };
  }

  /** Once: what a rule asks for a second time at the same time, as after a change of its group, is asked again. */
  #take(batch: Batch | undefined, text: string): Outcome | undefined {
    const outcome = batch?.outcomes.get(text);
    batch?.outcomes.delete(text);
    return outcome;
  }
}

function textOf(query: Query): string {
  return typeof query === 'string' ? query : query.text;
}
