/** Which remote-write protocol a request speaks. Source: Prometheus Remote-Write 1.0 and 2.0 specifications, "Protocol". */
import type { MetricType } from '../exposition/entry.ts';

export type RemoteWriteVersion = '1.0' | '2.0';

export const CONTENT_TYPES: Readonly<Record<RemoteWriteVersion, string>> = {
  '1.0': 'application/x-protobuf',
  '2.0': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
};

/** @returns undefined for what a receiver answers 415 to */
export function versionOfContentType(contentType: string): RemoteWriteVersion | undefined {
  const [mediaType = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  if (mediaType.toLowerCase() !== 'application/x-protobuf') return undefined;
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim());
    if (name.toLowerCase() !== 'proto') continue;
    if (value === 'prometheus.WriteRequest') return '1.0';
    return value === 'io.prometheus.write.v2.Request' ? '2.0' : undefined;
  }
  return '1.0';
}

/** By their numbers in both protocols. */
export const WRITTEN_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];
