/** A log store as one rule would have seen it at a time of the past: what was written later is not there yet. Rules ask for whole steps, of which the
 *  last may be under way. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { floorTo, shorterStep } from '../logs/evaluate/steps.ts';
import type {
  CountQuery,
  LastLinesQuery,
  LineCount,
  LogLine,
  LogSample,
  LogSource,
  NewestLineQuery,
  Steps,
} from '../logs/log-source.ts';
import { StepsAhead } from './steps-ahead.ts';

/** Which lines are counted, without when. */
type Counted = Pick<CountQuery, 'query' | 'by'>;

export class PastLogs implements LogSource {
  /** Unix ms; goes on only. */
  nowMs = 0;
  readonly #source: LogSource;
  readonly #endMs: number;
  /** By the lengths of steps: the first question of a rule may have longer ones than those that follow. */
  readonly #ahead = new Map<number, StepsAhead<LineCount>>();

  /** @param source is asked for the counts of one rule
   *  @param endMs what is behind it nobody asks for */
  constructor(source: LogSource, endMs: number) {
    this.#source = source;
    this.#endMs = endMs;
  }

  async counts({ query, by, fromMs, toMs, stepMs }: CountQuery, signal: AbortSignal): Promise<readonly LineCount[]> {
    const counted = { query, by };
    const wholeMs = Math.min(toMs, Math.max(fromMs, floorTo(this.nowMs, stepMs)));
    const ahead = this.#aheadBy(counted, stepMs);
    const whole = wholeMs > fromMs ? await ahead.take({ fromMs, toMs: wholeMs }, signal) : [];
    if (wholeMs === toMs) return whole;
    return [...whole, ...(await this.#begun(counted, wholeMs, stepMs, signal))];
  }

  evaluate(expression: string, steps: Steps, signal: AbortSignal): Promise<readonly LogSample[]> {
    return this.#source.evaluate(expression, steps, signal);
  }

  newestLine(query: NewestLineQuery, signal: AbortSignal): Promise<LogLine | undefined> {
    return this.#source.newestLine(query, signal);
  }

  lastLines(query: LastLinesQuery, signal: AbortSignal): Promise<readonly LogLine[]> {
    return this.#source.lastLines(query, signal);
  }

  /** Of the step that is under way, in shorter ones, up to the last that is over. */
  async #begun(counted: Counted, startMs: number, stepMs: number, signal: AbortSignal): Promise<readonly LineCount[]> {
    const counts = new Map<string, { readonly labels: LabelSet; readonly startMs: number; count: number }>();
    let fromMs = startMs;
    for (let shorter = shorterStep(stepMs); shorter !== undefined; shorter = shorterStep(shorter)) {
      const toMs = floorTo(this.nowMs, shorter);
      if (toMs <= fromMs) continue;
      for (const { labels, count } of await this.#part(counted, { fromMs, toMs, stepMs: shorter }, signal)) {
        const known = counts.get(labels.key) ?? { labels, startMs, count: 0 };
        counts.set(labels.key, known);
        known.count += count;
      }
      fromMs = toMs;
    }
    return [...counts.values()];
  }

  /** A few steps; the shortest are what is asked for next, too. */
  #part(counted: Counted, steps: Steps, signal: AbortSignal): Promise<readonly LineCount[]> {
    if (shorterStep(steps.stepMs) !== undefined) return this.#source.counts({ ...counted, ...steps }, signal);
    return this.#aheadBy(counted, steps.stepMs).take(steps, signal);
  }

  #aheadBy(counted: Counted, stepMs: number): StepsAhead<LineCount> {
    const known = this.#ahead.get(stepMs);
    if (known !== undefined) return known;
    const ahead = new StepsAhead<LineCount>({
      stepMs,
      endMs: this.#endMs,
      fetch: (steps, signal) => this.#source.counts({ ...counted, ...steps }, signal),
      startOf: ({ startMs }) => startMs,
    });
    this.#ahead.set(stepMs, ahead);
    return ahead;
  }
}
