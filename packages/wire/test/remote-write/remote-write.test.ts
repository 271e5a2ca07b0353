import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DROPPED } from '../../src/exposition/scrape.ts';
import { type SeriesLabels, sortLabels } from '../../src/exposition/series-labels.ts';
import type { NativeHistogram } from '../../src/native-histogram.ts';
import { encodeWriteRequest, type WrittenSeries } from '../../src/remote-write/encode-write-request.ts';
import type { TimedHistogram } from '../../src/remote-write/histogram-message.ts';
import { CONTENT_TYPES, type RemoteWriteVersion, versionOfContentType } from '../../src/remote-write/protocol.ts';
import type { WriteRequest } from '../../src/remote-write/write-columns.ts';
import { DEFAULT_WRITE_LIMITS, WriteRequestReader } from '../../src/remote-write/write-request-reader.ts';
import { decompress } from '../../src/snappy.ts';
import { mutated, readOrRefused } from '../mutations.ts';
import { SEEDED } from '../seeded.ts';

const VERSIONS = ['1.0', '2.0'] as const;

const STALE = new Float64Array(1);
new BigUint64Array(STALE.buffer)[0] = 0x7ff0_0000_0000_0002n;

class Series {
  readonly labels: SeriesLabels[] = [];
  calls = 0;
  readonly #numbers = new Map<string, number>();

  resolve = (labels: SeriesLabels): number => {
    this.calls++;
    const key = JSON.stringify(labels);
    const number = this.#numbers.get(key) ?? this.labels.push([...labels]) - 1;
    this.#numbers.set(key, number);
    return number;
  };
}

/** By series, with the bits of values. */
function contents(request: WriteRequest, { labels }: Series) {
  const bits = new BigUint64Array(request.values.buffer);
  return {
    samples: Array.from({ length: request.count }, (_, row) => [
      labels[request.refs[row]!],
      bits[row],
      request.timestampsMs[row],
      request.startTimestampsMs?.[row] ?? 0,
    ]),
    histograms: request.histograms.map(({ ref, ...rest }) => [labels[ref], rest]),
    exemplars: request.exemplars.map(({ ref, exemplar }) => [labels[ref], exemplar]),
    metadata: request.metadata,
  };
}

function read(body: Buffer, version: RemoteWriteVersion, series = new Series()) {
  return contents(new WriteRequestReader(series.resolve).read(body, version), series);
}

const golden = readFileSync(new URL('../../testdata/remote-write/requests.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): { version: RemoteWriteVersion; body: string } => JSON.parse(line));

const wholeHistogram: NativeHistogram = {
  isFloat: false,
  schema: 3,
  zeroThreshold: 1e-9,
  zeroCount: 2,
  count: 12,
  sum: 18.4,
  positiveSpans: [
    { offset: -3, length: 2 },
    { offset: 1, length: 2 },
  ],
  positiveCounts: [1, 2, 1, 1],
  negativeSpans: [{ offset: 5, length: 2 }],
  negativeCounts: [4, 2],
  customValues: [],
  resetHint: 'no',
  isStale: false,
};
const none = { zeroThreshold: 0, zeroCount: 0, negativeSpans: [], negativeCounts: [], isStale: false };
const floatHistogram: NativeHistogram = {
  ...none,
  isFloat: true,
  schema: -53,
  count: 4.5,
  sum: -1,
  positiveSpans: [{ offset: 0, length: 3 }],
  positiveCounts: [1.5, 2, 1],
  customValues: [0.5, 2.5],
  resetHint: 'gauge',
};
const staleHistogram: NativeHistogram = {
  ...none,
  isFloat: false,
  schema: 0,
  count: 0,
  sum: Number.NaN,
  positiveSpans: [],
  positiveCounts: [],
  customValues: [],
  resetHint: 'unknown',
  isStale: true,
};

describe('write requests', () => {
  it.each(golden)('are read as Prometheus writes them: $version', ({ version, body }) => {
    const is2 = version === '2.0';
    const up = ['__name__', 'up', 'é', 'a\0b'];
    const h = ['__name__', 'h'];
    expect(read(decompress(Buffer.from(body, 'base64'), 10_000), version)).toEqual({
      samples: [
        [up, 0x3ff8_0000_0000_0000n, 1_700_000_000_123, is2 ? 1_600_000_000_000 : 0],
        [up, 0x7ff0_0000_0000_0002n, -5, 0],
      ],
      histograms: [
        [h, { histogram: wholeHistogram, timestampMs: 100, startTimestampMs: is2 ? 50 : 0 }],
        [h, { histogram: floatHistogram, timestampMs: 200, startTimestampMs: 0 }],
        [h, { histogram: staleHistogram, timestampMs: 300, startTimestampMs: 0 }],
      ],
      exemplars: [[up, { labels: ['trace', 'x'], value: 7, timestampMs: 9 }]],
      metadata: [{ family: 'up', type: 'counter', help: 'is up', unit: 's' }],
    });
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.constantFrom(...VERSIONS), fc.array(arbitrarySeries, { maxLength: 6 }), (version, written) => {
        const names = written.map(({ labels }) => labels[labels.indexOf('__name__') + 1] ?? '');
        const metadata = [...new Set(names)].map((family) => ({ family, type: 'gauge' as const, help: 'h', unit: '' }));
        const back = read(encodeWriteRequest(version, written, metadata), version);
        expect(back).toEqual({
          samples: written.flatMap(({ labels, values, timestampsMs, startTimestampsMs }) => {
            const bits = new BigUint64Array(values.buffer);
            return Array.from(timestampsMs, (timestampMs, row) => {
              const start = version === '2.0' ? (startTimestampsMs?.[row] ?? 0) : 0;
              return [labels, bits[row], timestampMs, start];
            });
          }),
          histograms: written.flatMap(({ labels, histograms = [] }) =>
            histograms.map((one) => [labels, version === '2.0' ? one : { ...one, startTimestampMs: 0 }]),
          ),
          exemplars: written.flatMap(({ labels, exemplars = [] }) => exemplars.map((exemplar) => [labels, exemplar])),
          metadata,
        });
      }),
      SEEDED,
    );
  });

  it('ask for a series once, over requests', () => {
    for (const version of VERSIONS) {
      const series = new Series();
      const reader = new WriteRequestReader(series.resolve);
      const request = (from: number) =>
        encodeWriteRequest(
          version,
          Array.from({ length: 3000 }, (_, index) => ({
            labels: ['__name__', 'm', 'i', String((index + from) % 3000)],
            values: Float64Array.of(index),
            timestampsMs: Float64Array.of(1),
          })),
        );
      for (const from of [0, 7, 2999]) {
        const read = reader.read(request(from), version);
        expect(series.labels[read.refs[5]!]).toEqual(['__name__', 'm', 'i', String((5 + from) % 3000)]);
      }
      expect(series.calls).toBe(3000);
      reader.clear();
      reader.read(request(0), version);
      expect(series.calls).toBe(6000);
    }
  });

  it('keep what they know of series within its bound', () => {
    for (const version of VERSIONS) {
      const series = new Series();
      const reader = new WriteRequestReader(series.resolve, { ...DEFAULT_WRITE_LIMITS, cacheBytes: 100 });
      for (let index = 0; index < 50; index++) {
        const labels = ['__name__', `metric_${index % 25}`, 'label', 'x'.repeat(index)];
        const one = { labels, values: Float64Array.of(index), timestampsMs: Float64Array.of(index) };
        expect(contents(reader.read(encodeWriteRequest(version, [one]), version), series).samples[0]?.[0]).toEqual(
          labels,
        );
      }
    }
  });

  it('hold their limits', () => {
    const series: WrittenSeries = {
      labels: ['__name__', 'a', 'b', 'c'],
      values: Float64Array.of(1, 2, 3),
      timestampsMs: Float64Array.of(1, 2, 3),
      histograms: [{ histogram: wholeHistogram, timestampMs: 1, startTimestampMs: 0 }],
    };
    const metadata = [{ family: 'a', type: 'gauge', help: '', unit: '' }] as const;
    for (const version of VERSIONS) {
      const body = encodeWriteRequest(version, [series], metadata);
      const reading = (limits: Partial<typeof DEFAULT_WRITE_LIMITS>) => () =>
        new WriteRequestReader(() => 1, { ...DEFAULT_WRITE_LIMITS, ...limits }).read(body, version);
      expect(reading({ samples: 3 })).toThrow('more than 3 samples');
      expect(reading({ labels: 1 })).toThrow('more than 1 labels of a series');
      expect(reading({ histogramParts: 7 })).toThrow('more than 7 parts of a histogram');
      expect(reading({ metadata: 0 })).toThrow('more than 0 metadata of families');
      if (version === '2.0') expect(reading({ symbols: 2 })).toThrow('more than 2 symbols');
      expect(reading({ samples: 4, labels: 2, histogramParts: 9, metadata: 1, symbols: 5 })).not.toThrow();
    }
  });

  it.each([
    ['2.0', [0x22, 0, 0x2a, 3, 0x0a, 1, 0], 'invalid labelRefs length 1'],
    ['2.0', [0x22, 0, 0x2a, 4, 0x0a, 2, 0, 1], 'labelRefs 1 outside of symbols table (size 1)'],
    ['1.0', [0x0a, 4, 0x12, 0, 0x0a, 0], 'labels behind the samples of a series'],
    ['1.0', [0x0a, 9, 0x0a, 0, 0x22, 5, 0x5a, 3, 0x08, 0, 0x10], 'the message ends within a number'],
    ['1.0', [0x0a, 10, 0x0a, 0, 0x22, 6, 0x5a, 4, 0x08, 0, 0x10, 2], 'positive side: spans require 2 buckets, have 0'],
  ] as const)('are refused, with the reason: %s %j', (version, bytes, message) => {
    expect(() => read(Buffer.from(bytes), version)).toThrow(message);
  });

  it('keep labels that come twice, for whoever makes series of them to refuse', () => {
    const series = new Series();
    read(Buffer.from([0x0a, 10, 0x0a, 2, 0x12, 0, 0x0a, 2, 0x12, 0, 0x12, 0]), '1.0', series);
    expect(series.labels).toEqual([['', '', '', '']]);
  });

  it('ask again for a series that was dropped, and count what it brought', () => {
    for (const version of VERSIONS) {
      const answers = [DROPPED, DROPPED, 4_000_000_000];
      const reader = new WriteRequestReader(() => answers.shift() ?? DROPPED);
      const one = { labels: ['__name__', 'a'], values: Float64Array.of(1, 2), timestampsMs: Float64Array.of(1, 2) };
      const body = encodeWriteRequest(version, [one]);
      expect(reader.read(body, version)).toMatchObject({ count: 0, droppedCount: 2 });
      expect(reader.read(body, version)).toMatchObject({ count: 0, droppedCount: 2 });
      for (let time = 0; time < 2; time++) {
        const { count, refs } = reader.read(body, version);
        expect([count, ...refs.subarray(0, count)]).toEqual([2, 4_000_000_000, 4_000_000_000]);
      }
      expect(answers).toEqual([]);
    }
  });

  it('say how many series of 2.0 have no samples', () => {
    const empty = { labels: ['__name__', 'a'], values: new Float64Array(0), timestampsMs: new Float64Array(0) };
    const reader = new WriteRequestReader(() => 1);
    expect(reader.read(encodeWriteRequest('2.0', [empty, empty]), '2.0').emptySeries).toBe(2);
    expect(reader.read(encodeWriteRequest('1.0', [empty, empty]), '1.0').emptySeries).toBe(0);
  });

  it('say metadata once a request, and in each', () => {
    const names = ['a', 'b', 'a', 'c', 'b'];
    const written = names.map((name, n) => ({
      labels: ['__name__', name, 'n', String(n)],
      values: Float64Array.of(n),
      timestampsMs: Float64Array.of(1_700_000_000_000),
    }));
    const metadata = ['a', 'b'].map((family) => ({ family, type: 'gauge' as const, help: `of ${family}`, unit: '' }));
    const body = encodeWriteRequest('2.0', written, metadata);
    const series = new Series();
    const reader = new WriteRequestReader(series.resolve);
    for (let time = 0; time < 3; time++) {
      const read = contents(reader.read(body, '2.0'), series);
      expect(read.metadata).toEqual(metadata);
      expect(read.samples.map(([labels]) => labels)).toEqual(written.map(({ labels }) => labels));
    }
    expect(series.calls).toBe(5);
  });

  it('are read the same whatever was read before, also when they are damaged', () => {
    for (const version of VERSIONS) {
      const series = new Series();
      const reader = new WriteRequestReader(series.resolve);
      const valid = fc.array(arbitrarySeries, { maxLength: 3 }).map((written) => encodeWriteRequest(version, written));
      fc.assert(
        fc.property(mutated(valid), (body) => {
          const warm = readOrRefused(() => contents(reader.read(body, version), series));
          expect(readOrRefused(() => read(body, version, series))).toEqual(warm);
        }),
        SEEDED,
      );
    }
  });
});

describe("a write request's Content-Type", () => {
  it.each([
    ['application/x-protobuf', '1.0'],
    ['application/x-protobuf;proto=prometheus.WriteRequest', '1.0'],
    [CONTENT_TYPES['2.0'], '2.0'],
    ['Application/X-Protobuf ; proto = io.prometheus.write.v2.Request', '2.0'],
    ['application/x-protobuf;proto=other', undefined],
    ['application/json', undefined],
    ['', undefined],
  ])('%j is of protocol %s', (contentType, version) => {
    expect(versionOfContentType(contentType)).toBe(version);
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const time = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
const labels = fc
  .uniqueArray(fc.tuple(text, text), { minLength: 1, maxLength: 4, selector: ([name]) => name })
  .map((pairs) => {
    const flat = ['__name__', 'm', ...pairs.filter(([name]) => name !== '__name__').flat()];
    sortLabels(flat);
    return flat;
  });
const count = fc.integer({ min: 0, max: 2 ** 50 });
const spansAnd = <T>(value: fc.Arbitrary<T>) =>
  fc.array(value, { maxLength: 4 }).map((counts) => ({
    counts,
    spans: counts.map((_, index) => ({ offset: index * 3 - 5, length: 1 })),
  }));
const histogram: fc.Arbitrary<TimedHistogram> = fc
  .tuple(fc.boolean(), spansAnd(count), spansAnd(count), fc.tuple(count, count, fc.double()), time, time)
  .map(([isFloat, positive, negative, [all, zero, sum], timestampMs, startTimestampMs]) => ({
    histogram: {
      isFloat,
      schema: isFloat ? -53 : 2,
      zeroThreshold: 0.5,
      zeroCount: zero,
      count: all,
      sum,
      positiveSpans: positive.spans,
      positiveCounts: positive.counts,
      negativeSpans: negative.spans,
      negativeCounts: negative.counts,
      customValues: isFloat ? [1, 2.5] : [],
      resetHint: isFloat ? 'yes' : 'gauge',
      isStale: false,
    },
    timestampMs,
    startTimestampMs,
  }));
const sample = fc.tuple(fc.oneof(fc.double(), fc.constant('stale' as const)), time, time);
const arbitrarySeries: fc.Arbitrary<WrittenSeries> = fc
  .tuple(
    labels,
    fc.array(sample, { minLength: 1, maxLength: 4 }),
    fc.array(histogram, { maxLength: 2 }),
    fc.array(fc.record({ labels, value: fc.double(), timestampMs: time }), { maxLength: 2 }),
  )
  .map(([own, samples, histograms, exemplars]) => {
    const values = new Float64Array(samples.length);
    const bytes = new BigUint64Array(values.buffer);
    for (const [row, [value]] of samples.entries()) {
      if (value === 'stale') bytes[row] = new BigUint64Array(STALE.buffer)[0]!;
      else values[row] = value;
    }
    return {
      labels: own,
      values,
      timestampsMs: Float64Array.from(samples, ([, timestampMs]) => timestampMs),
      startTimestampsMs: Float64Array.from(samples, ([, , start]) => start),
      histograms,
      exemplars,
    };
  });
