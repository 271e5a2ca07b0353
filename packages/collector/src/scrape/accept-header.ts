/** What a target is asked for. Source: Prometheus, scrape/scrape.go, acceptHeader. */
import type { ExpositionFormat } from '@vigie/wire/exposition/content-type';
import type { ScrapeProtocol } from '../config/collector-config.ts';

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
};
/** One more than there are protocols, in tenths. */
const FIRST_WEIGHT = Object.keys(MEDIA_TYPES).length + 1;

/** @param protocols in order of preference */
export function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const wanted = protocols.map((protocol, index) => `${MEDIA_TYPES[protocol]};q=0.${FIRST_WEIGHT - index}`);
  return [...wanted, `*/*;q=0.${FIRST_WEIGHT - protocols.length}`].join(',');
}

export function formatOfProtocol(protocol: ScrapeProtocol): ExpositionFormat {
  switch (protocol) {
    case 'PrometheusProto':
      return 'protobuf';
    case 'OpenMetricsText0.0.1':
    case 'OpenMetricsText1.0.0':
      return 'openmetrics';
    case 'PrometheusText0.0.4':
    case 'PrometheusText1.0.0':
      return 'text';
  }
}
