/** A log store in memory, in which lines come when they come. */
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type {
  CountQuery,
  LineCount,
  LogLine,
  LogSample,
  LogSource,
  NewestLineQuery,
  Steps,
} from '../../src/logs/log-source.ts';

export interface StoredLine {
  readonly timeMs: number;
  /** From then on it can be found. */
  readonly arrivesMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly message?: string;
}

export class MemorySource implements LogSource {
  readonly lines: StoredLine[] = [];
  readonly asked: Steps[] = [];
  isDown = false;
  /** Lines that are not among those of an answer: a part of the store is away. */
  hidden: (line: StoredLine) => boolean = () => false;
  readonly #nowMs: () => number;
  readonly #has: 'beginning' | 'end';

  /** @param has which end of a step belongs to it */
  constructor(nowMs: () => number, has: 'beginning' | 'end' = 'beginning') {
    this.#nowMs = nowMs;
    this.#has = has;
  }

  async counts({ by, ...steps }: CountQuery): Promise<readonly LineCount[]> {
    this.#note(steps);
    const counts = new Map<string, { labels: LabelSet; startMs: number; count: number }>();
    for (const line of this.#visible()) {
      const startMs = this.startOf(line.timeMs, steps.stepMs);
      if (startMs < steps.fromMs || startMs >= steps.toMs) continue;
      const labels = LabelSet.of(by.map((name) => [name, line.labels[name] ?? ''] as const));
      const key = `${startMs} ${labels.key}`;
      const known = counts.get(key) ?? { labels, startMs, count: 0 };
      counts.set(key, known);
      known.count += 1;
    }
    return [...counts.values()];
  }

  async evaluate(expression: string, steps: Steps): Promise<readonly LogSample[]> {
    const [, rangeMs, threshold] = /^(\d+) > (\d+)$/.exec(expression)?.map(Number) ?? [0, 0, 0];
    this.#note(steps);
    const samples: LogSample[] = [];
    for (let atMs = steps.fromMs + steps.stepMs; atMs <= steps.toMs; atMs += steps.stepMs) {
      const value = this.#visible().filter(({ timeMs }) => timeMs > atMs - (rangeMs ?? 0) && timeMs <= atMs).length;
      if (value > (threshold ?? 0)) samples.push({ labels: LabelSet.empty, timestampMs: atMs, value });
    }
    return samples;
  }

  async newestLine({ by, labels, fromMs, toMs }: NewestLineQuery): Promise<LogLine | undefined> {
    const [line] = this.#visible()
      .filter((one) => by.every((name) => (one.labels[name] ?? '') === labels.get(name)))
      .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs)
      .toSorted((a, b) => b.timeMs - a.timeMs);
    if (line === undefined) return undefined;
    return { timeNs: BigInt(line.timeMs) * 1_000_000n, message: line.message ?? '', labels: LabelSet.of(line.labels) };
  }

  async lastLines(): Promise<readonly LogLine[]> {
    return [];
  }

  startOf(timeMs: number, stepMs: number): number {
    return this.#has === 'beginning' ? Math.floor(timeMs / stepMs) * stepMs : (Math.ceil(timeMs / stepMs) - 1) * stepMs;
  }

  #visible(): readonly StoredLine[] {
    const nowMs = this.#nowMs();
    return this.lines.filter((line) => line.arrivesMs <= nowMs && !this.hidden(line));
  }

  #note(steps: Steps): void {
    if (this.isDown) throw new VigieError('LOGS_UNREACHABLE', 'cannot ask the store: it is down');
    this.asked.push({ fromMs: steps.fromMs, toMs: steps.toMs, stepMs: steps.stepMs });
  }
}
