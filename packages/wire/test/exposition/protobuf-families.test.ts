import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type FamilySink, readFamilies } from '../../src/exposition/protobuf-families.ts';
import type { BucketSpan } from '../../src/native-histogram.ts';
import { bitsOf } from './bits.ts';

interface Case {
  /** Base64. */
  readonly body: string;
  readonly entries: readonly unknown[] | null;
  readonly error: string;
}

const cases = readFileSync(new URL('../../testdata/exposition/families.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Case => JSON.parse(line));

const LIMITS = { labels: 5, parts: 100 };
const timeOf = (timestampMs: number) => (Number.isNaN(timestampMs) ? null : timestampMs);
/** Prometheus drops empty spans, as a store of histograms may. */
const pairsOf = (spans: readonly BucketSpan[]) =>
  spans.filter(({ length }) => length > 0).map(({ offset, length }) => [offset, length]);

class Recorder implements FamilySink {
  readonly entries: unknown[] = [];

  metadata: FamilySink['metadata'] = ({ kind, family, text }) => void this.entries.push([kind, family, text]);

  sample: FamilySink['sample'] = (labels, _type, value, timestampMs, startTimestampMs, exemplar) => {
    const shown = exemplar === undefined ? [] : [[exemplar.labels, exemplar.value, exemplar.timestampMs ?? null]];
    this.entries.push(['series', labels, bitsOf(value), timeOf(timestampMs), startTimestampMs, shown]);
  };

  histogram: FamilySink['histogram'] = (labels, _type, histogram, timestampMs, startTimestampMs, exemplars) => {
    const { positiveSpans, negativeSpans, resetHint, customValues, isStale, ...rest } = histogram;
    expect([customValues, isStale]).toEqual([[], false]);
    const shown = {
      ...rest,
      positiveSpans: pairsOf(positiveSpans),
      negativeSpans: pairsOf(negativeSpans),
      gauge: resetHint === 'gauge',
    };
    const examples = exemplars.map((one) => [one.labels, one.value, one.timestampMs ?? null]);
    this.entries.push(['histogram', labels, shown, timeOf(timestampMs), startTimestampMs, examples]);
  };
}

/** Prometheus gives the unit before the type, which here is last. */
function inOrder(entries: readonly unknown[]): readonly string[] {
  return entries.map((entry) => JSON.stringify(entry, (_key, value: unknown) => sorted(value))).sort();
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('metric families in Protocol Buffers', () => {
  it.each(cases)('are read as Prometheus reads them: $body', ({ body, entries, error }) => {
    const recorder = new Recorder();
    const read = (): void => readFamilies(Buffer.from(body, 'base64'), LIMITS, recorder);
    if (error === '') read();
    else expect(read).toThrow(error);
    expect(inOrder(recorder.entries)).toEqual(inOrder(entries ?? []));
  });

  it('give of a histogram that is native and classic what is wanted of it', () => {
    const kindsOf = (body: string, forms: 'native' | 'classic' | 'both'): readonly string[] => {
      const recorder = new Recorder();
      readFamilies(Buffer.from(body, 'base64'), LIMITS, recorder, forms);
      return recorder.entries.flatMap((entry) => {
        const [kind, labels] = entry as [string, readonly string[]];
        return kind === 'series' || kind === 'histogram' ? [`${kind} ${labels[labels.indexOf('__name__') + 1]}`] : [];
      });
    };
    const native = cases.filter(({ entries }) =>
      entries?.some((entry) => JSON.stringify(entry).startsWith('["histogram')),
    );
    expect(native.length).toBeGreaterThan(0);
    let withBoth = 0;
    for (const { body } of native) {
      const classic = kindsOf(body, 'classic');
      const both = kindsOf(body, 'both');
      expect(classic.filter((kind) => kind.startsWith('histogram'))).toEqual([]);
      expect(classic.some((kind) => kind.endsWith('_bucket'))).toBe(true);
      expect(both).toEqual(expect.arrayContaining([...kindsOf(body, 'native')]));
      if (both.length > kindsOf(body, 'native').length) withBoth++;
    }
    expect(withBoth).toBeGreaterThan(0);
  });

  it('are refused where a length reaches beyond the body', () => {
    expect(() => readFamilies(Buffer.from([5, 1, 2]), LIMITS, new Recorder())).toThrow(
      'protobuf message length 5 exceeds the 2 bytes left in the body',
    );
  });

  it('hold limits on the labels of a series and the parts of a metric', () => {
    const native = Buffer.from(cases[4]?.body ?? '', 'base64');
    expect(() => readFamilies(native, { labels: 5, parts: 8 }, new Recorder())).toThrow(
      'more than 8 parts of a metric',
    );
    const counter = Buffer.from(cases[1]?.body ?? '', 'base64');
    expect(() => readFamilies(counter, { labels: 1, parts: 8 }, new Recorder())).toThrow(
      'more than 1 labels of a series',
    );
  });
});
