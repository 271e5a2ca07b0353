/** Protocol 1.0 has metadata in requests of their own: all of it, again and again. */
import type { MetricMetadata } from '@vigie/promql/storage/querier';
import { encodeWriteRequest } from '@vigie/wire/remote-write/encode-write-request';
import type { WrittenMetadata } from '@vigie/wire/remote-write/write-columns';

type MetricType = WrittenMetadata['type'];

/** Where the collector keeps what targets say of their metrics. */
export interface MetadataSource {
  all(): readonly MetricMetadata[];
  of(metric: string): MetricMetadata | undefined;
}

const TYPES: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
]);
const SUFFIX = /_(?:bucket|count|sum|gcount|gsum)$/;
const HAS_SUFFIXES: ReadonlySet<string> = new Set<MetricType>(['histogram', 'gaugehistogram', 'summary']);

export function toWrittenMetadata({ metric, type, help, unit }: MetricMetadata): WrittenMetadata {
  return { family: metric, type: isType(type) ? type : 'unknown', help, unit };
}

/** Of a series by its name, which of a histogram or summary is longer than the family's. */
export function metadataOfName(source: MetadataSource, name: string): WrittenMetadata | undefined {
  const own = source.of(name);
  if (own !== undefined) return toWrittenMetadata(own);
  const family = SUFFIX.test(name) ? source.of(name.replace(SUFFIX, '')) : undefined;
  return family !== undefined && HAS_SUFFIXES.has(family.type) ? toWrittenMetadata(family) : undefined;
}

/** @returns bodies of at most so many entries, not compressed */
export function* metadataRequests(
  source: MetadataSource,
  maxPerSend: number,
): Generator<{ readonly body: Buffer; readonly entries: number }> {
  const all = source.all();
  for (let from = 0; from < all.length; from += maxPerSend) {
    const entries = all.slice(from, from + maxPerSend).map(toWrittenMetadata);
    yield { body: encodeWriteRequest('1.0', [], entries), entries: entries.length };
  }
}

function isType(type: string): type is MetricType {
  return TYPES.has(type);
}
