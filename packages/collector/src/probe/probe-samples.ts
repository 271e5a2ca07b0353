/** What one probe finds out, by blackbox_exporter's names. Source: blackbox_exporter, prober/*.go. */
import type { MetricDefinition, MetricTable } from '@vigie/core/telemetry';
import { formatFamily, formatSample } from '@vigie/wire/exposition/text-writer';

export const PROBE_METRICS = {
  success: gauge('probe_success', 'Displays whether or not the probe was a success'),
  duration: gauge('probe_duration_seconds', 'Returns how long the probe took to complete in seconds'),
  lookupTime: gauge('probe_dns_lookup_time_seconds', 'Returns the time taken for probe dns lookup in seconds'),
  ipProtocol: gauge('probe_ip_protocol', 'Specifies whether probe ip protocol is IP4 or IP6'),
  ipHash: gauge(
    'probe_ip_addr_hash',
    "Specifies the hash of IP address. It's useful to detect if the IP address changes.",
  ),
  failedDueToRegex: gauge('probe_failed_due_to_regex', 'Indicates if probe failed due to regex'),
  failedDueToBytes: gauge('probe_failed_due_to_bytes', 'Indicates if probe failed due to bytes'),
  // Its labels are those that a module gives it.
  expectInfo: gauge('probe_expect_info', 'Explicit content matched'),
  earliestExpiry: gauge('probe_ssl_earliest_cert_expiry', 'Returns last SSL chain expiry in unixtime'),
  chainExpiry: gauge('probe_ssl_last_chain_expiry_timestamp_seconds', 'Returns last SSL chain expiry in timestamp'),
  chainInfo: gauge('probe_ssl_last_chain_info', 'Contains SSL leaf certificate information', [
    'fingerprint_sha256',
    'subject',
    'issuer',
    'subjectalternative',
    'serialnumber',
  ]),
  tlsVersion: gauge('probe_tls_version_info', 'Returns the TLS version used or NaN when unknown', ['version']),
  tlsCipher: gauge('probe_tls_cipher_info', 'Returns the TLS cipher negotiated during handshake', ['cipher']),
  httpDuration: gauge('probe_http_duration_seconds', 'Duration of http request by phase, summed over all redirects', [
    'phase',
  ]),
  httpContentLength: gauge('probe_http_content_length', 'Length of http content response'),
  httpBodyLength: gauge('probe_http_uncompressed_body_length', 'Length of uncompressed response body'),
  httpRedirects: gauge('probe_http_redirects', 'The number of redirects'),
  httpSsl: gauge('probe_http_ssl', 'Indicates if SSL was used for the final redirect'),
  httpStatusCode: gauge('probe_http_status_code', 'Response HTTP status code'),
  httpVersion: gauge('probe_http_version', 'Returns the version of HTTP of the probe response'),
  httpLastModified: gauge(
    'probe_http_last_modified_timestamp_seconds',
    'Returns the Last-Modified HTTP response header in unixtime',
  ),
  dnsDuration: gauge('probe_dns_duration_seconds', 'Duration of DNS request by phase', ['phase']),
  dnsAnswers: gauge('probe_dns_answer_rrs', 'Returns number of entries in the answer resource record list'),
  dnsAuthorities: gauge('probe_dns_authority_rrs', 'Returns number of entries in the authority resource record list'),
  dnsAdditionals: gauge('probe_dns_additional_rrs', 'Returns number of entries in the additional resource record list'),
  dnsSucceeded: gauge('probe_dns_query_succeeded', 'Displays whether or not the query was executed successfully'),
  dnsSerial: gauge('probe_dns_serial', 'Returns the serial number of the zone'),
  grpcDuration: gauge('probe_grpc_duration_seconds', 'Duration of gRPC request by phase', ['phase']),
  grpcSsl: gauge('probe_grpc_ssl', 'Indicates if SSL was used for the connection'),
  grpcStatusCode: gauge('probe_grpc_status_code', 'Response gRPC status code'),
  grpcHealth: gauge('probe_grpc_healthcheck_response', 'Response HealthCheck response', ['serving_status']),
} as const satisfies MetricTable;

function gauge(name: string, help: string, labels: readonly string[] = []): MetricDefinition {
  return { name, type: 'gauge', help, labels };
}

export type ProbeMetric = keyof typeof PROBE_METRICS;

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: readonly string[];
  value: number;
}

export class ProbeSamples {
  readonly #families = new Map<ProbeMetric, Map<string, Sample>>();

  /** 0 of each, for those that are told of a probe that fails too. */
  begin(...metrics: readonly ProbeMetric[]): void {
    for (const metric of metrics) this.set(metric, 0);
  }

  set(metric: ProbeMetric, value: number, labels: Labels = {}): void {
    this.#sampleOf(metric, labels).value = value;
  }

  add(metric: ProbeMetric, value: number, labels: Labels = {}): void {
    this.#sampleOf(metric, labels).value += value;
  }

  /** The text format, sorted as Prometheus' client library sorts it. */
  text(): string {
    const families = Array.from(this.#families, ([metric, samples]) => ({ ...PROBE_METRICS[metric], samples }));
    return families
      .sort((a, b) => compare(a.name, b.name))
      .map(({ name, help, samples }) => {
        const lines = Array.from(samples)
          .sort(([a], [b]) => compare(a, b))
          .map(([, { labels, value }]) => formatSample(['__name__', name, ...labels], value));
        return formatFamily(name, 'gauge', help) + lines.join('');
      })
      .join('');
  }

  #sampleOf(metric: ProbeMetric, labels: Labels): Sample {
    const family = this.#families.get(metric) ?? new Map<string, Sample>();
    this.#families.set(metric, family);
    const flat = Object.entries(labels)
      .sort(([a], [b]) => compare(a, b))
      .flat();
    const key = flat.join('\xff');
    const sample = family.get(key) ?? { labels: flat, value: 0 };
    family.set(key, sample);
    return sample;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
