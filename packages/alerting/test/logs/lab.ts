/** Log rules over a store in memory, by a clock that stands still. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import type { LogRule } from '../../src/logs/log-rule.ts';
import { LogRules } from '../../src/logs/log-rules.ts';
import { LogRuleStore } from '../../src/logs/state/log-rule-store.ts';
import { MemoryFs } from '../state/memory-fs.ts';
import { MemorySource, type StoredLine } from './memory-source.ts';

export const SECOND = 1000;
export const MINUTE = 60_000;
/** A multiple of every step. */
export const START = Date.UTC(2026, 10, 30);

const query = { kind: 'text', text: '{}' } as const;
const counting = { id: 'r', intervalMs: MINUTE, lateMs: 10 * MINUTE, query, by: ['pod'], wantsLine: false } as const;

export const RATE = { ...counting, kind: 'rate', rangeMs: 5 * MINUTE, operator: '>', threshold: 2 } as const;
export const PATTERN = { ...counting, kind: 'pattern', rangeMs: 5 * MINUTE } as const;
export const ABSENCE = {
  ...counting,
  kind: 'absence',
  rangeMs: 5 * MINUTE,
  expected: [],
  knownForMs: 60 * MINUTE,
} as const;
export const NEW_TERM = {
  ...counting,
  kind: 'new_term',
  rangeMs: 5 * MINUTE,
  by: [],
  field: 'pod',
  learnMs: 7 * 24 * 60 * MINUTE,
} as const;

export class LogLab {
  readonly clock = new FakeClock(START);
  readonly source: MemorySource;
  readonly fs = new MemoryFs();
  readonly logged: string[] = [];
  rules: LogRules;

  readonly #longestMs: number;

  /** @param longestMs that lines are waited for */
  constructor(has: 'beginning' | 'end' = 'beginning', longestMs = 120 * SECOND) {
    this.#longestMs = longestMs;
    this.source = new MemorySource(() => this.clock.nowMs(), has);
    this.rules = this.#start();
  }

  /** A line that is there at once, unless it comes later.
   *  @param at seconds from the start */
  line(at: number, pod: string, options: { readonly arrives?: number; readonly message?: string } = {}): void {
    const line: StoredLine = {
      timeMs: START + at * SECOND,
      arrivesMs: START + (options.arrives ?? at) * SECOND,
      labels: { pod },
      ...(options.message === undefined ? {} : { message: options.message }),
    };
    this.source.lines.push(line);
  }

  /** @param at seconds from the start
   *  @returns `web 3` of each that was found */
  async evaluate(rule: LogRule, at: number): Promise<readonly string[]> {
    await this.clock.advance(START + at * SECOND - this.clock.nowMs());
    const found = await this.rules.evaluate(rule, START + at * SECOND, new AbortController().signal);
    await this.rules.keep(rule);
    return found
      .map(({ labels, value, line }) => [labels.get('pod'), value, line].filter((part) => part !== '').join(' '))
      .sort();
  }

  /** As kill -9 leaves it. */
  restart(): void {
    this.rules = this.#start();
  }

  #start(): LogRules {
    return new LogRules(
      { shortestMs: 10 * SECOND, longestMs: this.#longestMs },
      {
        source: this.source,
        store: new LogRuleStore('/data/log-rules', this.fs),
        clock: this.clock,
        log: createLog('error', { write: (text: string) => void this.logged.push(text) }),
      },
    );
  }
}
