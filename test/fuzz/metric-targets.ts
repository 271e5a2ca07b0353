/** What scrape targets answer, and what remote-write senders push. */
import { isDeepStrictEqual } from 'node:util';
import { errorCode } from '@vigie/core/errors';
import type { ExpositionFormat } from '../../packages/wire/src/exposition/content-type.ts';
import { ScrapeReader } from '../../packages/wire/src/exposition/scrape-reader.ts';
import { encodeWriteRequest, type WrittenSeries } from '../../packages/wire/src/remote-write/encode-write-request.ts';
import type { RemoteWriteVersion } from '../../packages/wire/src/remote-write/protocol.ts';
import { WriteRequestReader } from '../../packages/wire/src/remote-write/write-request-reader.ts';
import type { Target } from './target.ts';

const TEXTS: readonly string[] = [
  '# HELP go_goroutines Number of goroutines.\n# TYPE go_goroutines gauge\ngo_goroutines 42\n' +
    'http_requests_total{code="200",path="/a\\"b\\\\c\\n"} 1.027e+06 1395066363000\n',
  '# TYPE h histogram\nh_bucket{le="0.5"} 1\nh_bucket{le="+Inf"} 3\nh_sum 4.5\nh_count 3\n\n' +
    '# TYPE s summary\ns{quantile="0.99"} NaN\ns_sum 1e-5\n{"dotted.name","a b"="é"} -Inf\n',
];
const OPEN_METRICS: readonly string[] = [
  '# TYPE a counter\n# UNIT a_s s\na_total{x="y"} 17.0 1520879607.789 # {id="counter-test"} 5 1520879607.9\n' +
    'a_created{x="y"} 1520872607.123\n# EOF\n',
  '# HELP h A "histogram"\\n\n# TYPE h histogram\nh_bucket{le="1"} 1 # {t="x"} 0.5\nh_bucket{le="+Inf"} 3\nh_count 3\n# EOF\n',
];
/** A counter with an exemplar, and a native histogram. */
const FAMILIES: readonly Buffer[] = [
  'VQoHYV90b3RhbBgAIkUKBgoBehIBMQoGCgFiEgEyGjMJAAAAAAAAHEASGwoGCgF0EgF4EQAAAAAAAAhAGggIDBC1yOqkARoLCJGKoocGEPP1gkYqAXM=',
  'RwoBZhgFIkA6PhEAAAAAAAAIwCEAAAAAAIAxQCgBMfyp8dJNYlA/QQAAAAAAAARAYgQIABACcQAAAAAAAPg/cQAAAAAAACtA',
].map((text) => Buffer.from(text, 'base64'));

const LIMITS = { bodyBytes: 64 * 1024, samples: 1000, lineBytes: 4096, labels: 20 };

/** A reader that knows the samples' lines already must say what one says that knows nothing. */
function checkScrape(input: Buffer, format: ExpositionFormat, samples: readonly Buffer[]): void {
  const numbers = new Map<string, number>();
  const resolve = (labels: readonly string[]): number => {
    const key = JSON.stringify(labels);
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  };
  const made = () => new ScrapeReader({ resolve, limits: LIMITS, created: 'start_times' });
  const warm = made();
  for (const sample of samples) warm.read(sample, format);
  const [known, anew] = [outcome(warm, input, format), outcome(made(), input, format)];
  if (!isDeepStrictEqual(known, anew)) throw new Error('the last scrape changes what this one says');
}

function outcome(reader: ScrapeReader, input: Buffer, format: ExpositionFormat): unknown {
  try {
    const { count, refs, values, timestampsMs, startTimestampsMs, histograms, exemplars } = reader.read(input, format);
    const rows = Array.from({ length: count }, (_, row) => [
      refs[row],
      values[row],
      timestampsMs[row],
      startTimestampsMs[row],
    ]);
    return { rows, histograms, exemplars };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'WIRE_MALFORMED' || code === 'WIRE_LIMIT_EXCEEDED') return String(error);
    throw error;
  }
}

const expositions: readonly (readonly [ExpositionFormat, readonly Buffer[]])[] = [
  ['text', TEXTS.map((text) => Buffer.from(text))],
  ['openmetrics', OPEN_METRICS.map((text) => Buffer.from(text))],
  ['protobuf', FAMILIES],
];

const WRITTEN: readonly WrittenSeries[] = [
  {
    labels: ['__name__', 'http_requests_total', 'code', '200', 'path', '/é'],
    values: Float64Array.of(1, Number.NaN, -0.5),
    timestampsMs: Float64Array.of(1_700_000_000_000, -1, 0),
    startTimestampsMs: Float64Array.of(1_600_000_000_000, 0, 0),
    exemplars: [{ labels: ['trace', 'x'], value: 2, timestampMs: 5 }],
    histograms: [
      {
        timestampMs: 7,
        startTimestampMs: 3,
        histogram: {
          isFloat: false,
          schema: 3,
          zeroThreshold: 1e-9,
          zeroCount: 1,
          count: 5,
          sum: 7.5,
          positiveSpans: [{ offset: -2, length: 2 }],
          positiveCounts: [3, 1],
          negativeSpans: [],
          negativeCounts: [],
          customValues: [],
          resetHint: 'no',
          isStale: false,
        },
      },
    ],
  },
  { labels: ['__name__', 'up'], values: Float64Array.of(1), timestampsMs: Float64Array.of(2) },
];
const METADATA = [{ family: 'up', type: 'gauge', help: 'whether', unit: '' }] as const;
const WRITE_LIMITS = { samples: 100, labels: 20, symbols: 100, metadata: 10, histogramParts: 50, cacheBytes: 4096 };

/** Of one reader for all inputs, so that what it remembers is tried too. */
function checkWrite(version: RemoteWriteVersion): (input: Buffer) => void {
  const labelsOf: string[] = [];
  const numbers = new Map<string, number>();
  const resolve = (labels: readonly string[]): number => {
    const key = JSON.stringify(labels);
    const known = numbers.get(key) ?? labelsOf.push(key) - 1;
    numbers.set(key, known);
    return known;
  };
  const warm = new WriteRequestReader(resolve, WRITE_LIMITS);
  return (input) => {
    if (labelsOf.length > 1000) {
      labelsOf.length = 0;
      numbers.clear();
      warm.clear();
    }
    const read = (reader: WriteRequestReader): unknown => {
      try {
        const { count, refs, timestampsMs, histograms, exemplars, metadata } = reader.read(input, version);
        const rows = Array.from({ length: count }, (_, row) => [refs[row], timestampsMs[row]]);
        return { rows, histograms, exemplars, metadata };
      } catch (error) {
        const code = errorCode(error);
        // Of two flaws the first that is looked at is told, and a known series is not looked at as closely.
        if (code === 'WIRE_MALFORMED' || code === 'WIRE_LIMIT_EXCEEDED') return 'refused';
        throw error;
      }
    };
    const known = read(warm);
    if (!isDeepStrictEqual(known, read(new WriteRequestReader(resolve, WRITE_LIMITS)))) {
      throw new Error('earlier requests change what this one says');
    }
  };
}

export const metricTargets: readonly Target[] = [
  ...expositions.map(([format, samples]) => ({
    name: `exposition: ${format}`,
    samples,
    iterations: 10_000,
    parse: (input: Buffer) => checkScrape(input, format, samples),
  })),
  ...(['1.0', '2.0'] as const).map((version) => ({
    name: `remote write ${version}`,
    samples: [encodeWriteRequest(version, WRITTEN, METADATA), encodeWriteRequest(version, WRITTEN.slice(1))],
    iterations: 8_000,
    parse: checkWrite(version),
  })),
];
