/** Which of the formats of /federate a client wants. Source: prometheus/common v0.67.5, expfmt, Negotiate; OpenMetrics is offered
 *  too, which Prometheus' own /federate does not. */
import type { FederateFormat } from './telemetry.ts';

export interface ChosenFormat {
  readonly format: FederateFormat;
  /** Whether names may be any UTF-8; else what the old formats lack becomes an underscore. */
  readonly allowsUtf8: boolean;
}

interface Accepted {
  readonly mediaType: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/** @param accept the header; the best that it names and that there is, text for want of any */
export function chooseFormat(accept: string): ChosenFormat {
  const accepted = accept.split(',').map(readAccepted);
  for (const { mediaType, parameters, weight } of accepted.sort((a, b) => b.weight - a.weight)) {
    const allowsUtf8 = parameters.get('escaping') === 'allow-utf-8';
    if (weight === 0) continue;
    if (mediaType === 'application/vnd.google.protobuf') {
      const isFamily = parameters.get('proto') === 'io.prometheus.client.MetricFamily';
      if (isFamily && parameters.get('encoding') === 'delimited') return { format: 'protobuf', allowsUtf8 };
    } else if (mediaType === 'application/openmetrics-text') {
      if (['1.0.0', '0.0.1', undefined].includes(parameters.get('version')))
        return { format: 'openmetrics', allowsUtf8 };
    } else if (mediaType === 'text/plain') {
      if (['1.0.0', '0.0.4', undefined].includes(parameters.get('version'))) return { format: 'text', allowsUtf8 };
    } else if (mediaType === '*/*' || mediaType === 'text/*') return { format: 'text', allowsUtf8: false };
  }
  return { format: 'text', allowsUtf8: false };
}

export function contentTypeOf({ format, allowsUtf8 }: ChosenFormat): string {
  const escaping = `escaping=${allowsUtf8 ? 'allow-utf-8' : 'underscores'}`;
  switch (format) {
    case 'text':
      return `text/plain; version=${allowsUtf8 ? '1.0.0' : '0.0.4'}; charset=utf-8; ${escaping}`;
    case 'openmetrics':
      return `application/openmetrics-text; version=1.0.0; charset=utf-8; ${escaping}`;
    case 'protobuf':
      return `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; ${escaping}`;
  }
}

function readAccepted(text: string): Accepted {
  const [mediaType = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=').map((side) => side.trim());
      return [name.toLowerCase(), value.replace(/^"(.*)"$/, '$1')];
    }),
  );
  const weight = Number(parameters.get('q') ?? 1);
  return { mediaType: mediaType.toLowerCase(), parameters, weight: Number.isNaN(weight) ? 0 : weight };
}
