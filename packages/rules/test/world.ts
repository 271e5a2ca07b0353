/** Rules over series in memory, with a clock that stands still. */
import { FakeClock } from '@vigie/core/fake-clock';
import type { Log } from '@vigie/core/log';
import { Engine } from '@vigie/promql/evaluate/engine';
import { parseSeriesLine } from '@vigie/promql/script/series-line';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { describeLabels } from '@vigie/promql/text/labels';
import type { AlertNotification } from '../src/alerts/due-alerts.ts';
import type { RuleSettings, RuleWorld } from '../src/group/rule-world.ts';
import { engineQuery } from '../src/query.ts';
import { DEFAULT_POLICY } from '../src/rule-policy.ts';
import { DEFAULT_INTERVAL_MS, DEFAULT_RESEND_DELAY_MS } from '../src/rule-runner.ts';
import type { RefusedSample, RuleSample } from '../src/sample.ts';
import type { RuleRecord } from '../src/state/rule-record.ts';

export const SETTINGS: RuleSettings = {
  intervalMs: DEFAULT_INTERVAL_MS,
  queryOffsetMs: 0,
  resendDelayMs: DEFAULT_RESEND_DELAY_MS,
  externalLabels: new Map([['region', 'eu']]),
  externalUrl: 'http://vigie.example',
  policy: DEFAULT_POLICY,
};

export const never = new AbortController().signal;
export const SIGNALS = { ending: never, abort: never };

export class TestWorld {
  readonly clock: FakeClock;
  readonly storage = new MemoryStorage();
  readonly written: RuleSample[] = [];
  readonly notified: AlertNotification[][] = [];
  readonly logged: string[] = [];
  /** What the storage does with a sample. */
  refuse: (sample: RuleSample) => RefusedSample | undefined = () => undefined;
  /** What was to be kept, in order. */
  readonly kept: RuleRecord[] = [];
  /** Called before each query. */
  onQuery: (timestampMs: number, signal: AbortSignal) => Promise<void> = async () => undefined;

  constructor(startMs = 0) {
    this.clock = new FakeClock(startMs);
  }

  get world(): RuleWorld {
    const query = engineQuery(new Engine(), this.storage);
    return {
      query: async (text, timestampMs, signal) => {
        await this.onQuery(timestampMs, signal);
        return query(text, timestampMs, signal);
      },
      append: async (samples) =>
        samples.map((sample) => {
          const refused = this.refuse(sample);
          if (refused !== undefined) return refused;
          this.written.push(sample);
          const { labels, timestampMs, value } = sample;
          this.storage.append(labels, [{ timestampMs, value, startTimestampMs: 0 }]);
          return undefined;
        }),
      notify: (alerts) => void this.notified.push([...alerts]),
      keep: async (records) => void this.kept.push(...records),
      clock: this.clock,
      log: this.#log(),
    };
  }

  /** A series in the notation of test scripts, a value per minute from the start of the clock. */
  load(line: string, fromMs = 0, stepMs = 60_000): void {
    const { labels, values } = parseSeriesLine(line, 1);
    const samples = values.flatMap(({ value }, index) =>
      value === undefined ? [] : [{ timestampMs: fromMs + index * stepMs, value, startTimestampMs: 0 }],
    );
    this.storage.append(labels, samples);
  }

  /** `{…} value @seconds` of what has been written since the last call. */
  takeWritten(): readonly string[] {
    return this.written.splice(0).map(({ labels, timestampMs, value }) => {
      const text = typeof value === 'object' ? 'histogram' : String(value);
      return `${describeLabels(labels)} ${text} @${timestampMs / 1000}`;
    });
  }

  #log(): Log {
    const note = (message: string): void => void this.logged.push(message);
    const log: Log = { debug: () => undefined, info: note, warn: note, error: note, child: () => log };
    return log;
  }
}
