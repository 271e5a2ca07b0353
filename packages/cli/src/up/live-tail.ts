/** What the terminal shows of a running agent: a sample of its records, and how its ledger moves. */
import type { LedgerEntry } from '@vigie/log-pipeline/agent/ledger';
import type { TappedRecord } from '@vigie/log-pipeline/tap/tap';

/** The part of the node agent that is watched. */
export interface WatchedAgent {
  ledger(): readonly LedgerEntry[];
  tap(listener: (record: TappedRecord) => void, recordsPerSecond: number): () => void;
}

/** Long enough to be calm, short enough to follow a burst. */
const RATE_WINDOW_MS = 5_000;

export class LiveTail {
  readonly #agent: WatchedAgent;
  readonly #recordsPerSecond: number;
  #records: TappedRecord[] = [];
  #samples: { readonly atMs: number; readonly records: number }[] = [];
  #endTap: (() => void) | undefined;

  /** @param recordsPerSecond the most that are shown; what the agent reads beyond is counted, not shown */
  constructor(agent: WatchedAgent, recordsPerSecond: number) {
    this.#agent = agent;
    this.#recordsPerSecond = recordsPerSecond;
  }

  start(): void {
    this.#endTap ??= this.#agent.tap((record) => {
      // A terminal that does not take frames for a while is not given the past.
      if (this.#records.length < this.#recordsPerSecond) this.#records.push(record);
    }, this.#recordsPerSecond);
  }

  stop(): void {
    this.#endTap?.();
    this.#endTap = undefined;
  }

  /** The records since the last call. */
  takeRecords(): readonly TappedRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** The ledger, and the rate at which its sources were read over the last seconds. */
  look(monotonicMs: number): { readonly ledger: readonly LedgerEntry[]; readonly recordsPerSecond: number } {
    const ledger = this.#agent.ledger();
    const latest = { atMs: monotonicMs, records: recordsRead(ledger) };
    this.#samples = [...this.#samples.filter(({ atMs }) => monotonicMs - atMs <= RATE_WINDOW_MS), latest];
    const [oldest = latest] = this.#samples;
    const elapsedMs = latest.atMs - oldest.atMs;
    const recordsPerSecond = elapsedMs === 0 ? 0 : ((latest.records - oldest.records) / elapsedMs) * 1000;
    return { ledger, recordsPerSecond };
  }
}

/** Each sink reads its source by itself: a source's records are those of the sink that is furthest. */
function recordsRead(ledger: readonly LedgerEntry[]): number {
  const bySource = new Map<string, number>();
  for (const { source, readRecords } of ledger) {
    bySource.set(source, Math.max(readRecords, bySource.get(source) ?? 0));
  }
  return [...bySource.values()].reduce((sum, records) => sum + records, 0);
}
