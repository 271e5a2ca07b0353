/** What scrape targets answer, and what remote-write senders push. */
import { isDeepStrictEqual } from 'node:util';
import { errorCode } from '@vigie/core/errors';
import type { ExpositionFormat } from '../../packages/wire/src/exposition/content-type.ts';
import { ScrapeReader } from '../../packages/wire/src/exposition/scrape-reader.ts';
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

export const metricTargets: readonly Target[] = expositions.map(([format, samples]) => ({
  name: `exposition: ${format}`,
  samples,
  iterations: 10_000,
  parse: (input) => checkScrape(input, format, samples),
}));
