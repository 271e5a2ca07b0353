/** `remote_write`, as it is written. Source: Prometheus 3, config/config.go. */
import { named, refused, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { isReservedHeader } from '@vigie/core/config/reserved-headers';
import { flag, optionalText } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { readRelabelRules, relabelSection } from './relabel-section.ts';
import { REMOTE_WRITE_MESSAGES, type RemoteWriteConfig } from './remote-write-config.ts';
import { count, httpUrl, oneOf, wait } from './written-fields.ts';

const CLOUD_AUTH = 'basic_auth, authorization or oauth2: signing for a cloud is not supported';

export const remoteWriteSection = section({
  url: httpUrl,
  remote_timeout: wait('30s'),
  headers: v.nullish(named(v.string()), {}),
  write_relabel_configs: relabelSection,
  name: optionalText,
  send_exemplars: flag(false),
  send_native_histograms: flag(false),
  round_robin_dns: flag(false),
  protobuf_message: oneOf(REMOTE_WRITE_MESSAGES, 'prometheus.WriteRequest'),
  queue_config: v.nullish(
    section({
      capacity: count(10_000),
      max_shards: count(50),
      min_shards: count(1),
      max_samples_per_send: count(2000),
      batch_send_deadline: wait('5s'),
      min_backoff: wait('30ms'),
      max_backoff: wait('5s'),
      // Prometheus' default drops what a receiver throttles.
      retry_on_http_429: flag(true),
      sample_age_limit: wait('0s'),
    }),
    {},
  ),
  metadata_config: v.nullish(
    section({ send: flag(true), send_interval: wait('1m'), max_samples_per_send: count(2000) }),
    {},
  ),
  sigv4: refused(CLOUD_AUTH),
  azuread: refused(CLOUD_AUTH),
  google_iam: refused(CLOUD_AUTH),
  ...httpClientEntries(false),
});

type WrittenRemoteWrite = v.InferOutput<typeof remoteWriteSection>;

export function readRemoteWrites(
  written: readonly WrittenRemoteWrite[],
  path: ConfigPath,
  context: ReadContext,
): readonly RemoteWriteConfig[] {
  const names = new Set<string>();
  return written.flatMap((remote, index) => {
    const at = [...path, index];
    if (remote.name !== '' && names.has(remote.name))
      context.findings.problem([...at, 'name'], 'a name that no other remote_write has');
    names.add(remote.name);
    return readRemoteWrite(remote, index, at, context) ?? [];
  });
}

/** @returns undefined without a URL */
function readRemoteWrite(
  written: WrittenRemoteWrite,
  index: number,
  path: ConfigPath,
  context: ReadContext,
): RemoteWriteConfig | undefined {
  const { findings } = context;
  for (const name of Object.keys(written.headers)) {
    if (isReservedHeader(name))
      findings.problemAtKey(
        [...path, 'headers', name],
        'a header that may be set (Authorization has sections of its own)',
      );
  }
  if (written.round_robin_dns)
    findings.warn([...path, 'round_robin_dns'], 'not supported: the system resolves the name');
  const { queue_config: queue, metadata_config: metadata } = written;
  const atLeastOne = ['capacity', 'max_shards', 'min_shards', 'max_samples_per_send'] as const;
  for (const key of atLeastOne)
    if (queue[key] === 0) findings.problem([...path, 'queue_config', key], 'a whole number, 1 or more');
  if (queue.min_shards > queue.max_shards)
    findings.problem([...path, 'queue_config', 'min_shards'], `at most max_shards (${queue.max_shards})`);
  if (queue.min_backoff > queue.max_backoff)
    findings.problem([...path, 'queue_config'], 'a min_backoff that is at most max_backoff');
  const read = {
    timeoutMs: written.remote_timeout,
    headers: written.headers,
    writeRelabel: readRelabelRules(written.write_relabel_configs, [...path, 'write_relabel_configs'], findings),
    sendExemplars: written.send_exemplars,
    sendNativeHistograms: written.send_native_histograms,
    protobufMessage: written.protobuf_message,
    queue: {
      capacity: queue.capacity,
      maxShards: queue.max_shards,
      minShards: queue.min_shards,
      maxSamplesPerSend: queue.max_samples_per_send,
      batchSendDeadlineMs: queue.batch_send_deadline,
      minBackoffMs: queue.min_backoff,
      maxBackoffMs: queue.max_backoff,
      retryOnHttp429: queue.retry_on_http_429,
      sampleAgeLimitMs: queue.sample_age_limit,
    },
    metadata: {
      send: metadata.send,
      sendIntervalMs: metadata.send_interval,
      maxSamplesPerSend: metadata.max_samples_per_send,
    },
    client: readHttpClient(written, path, context),
  };
  if (written.url == null) {
    findings.problem([...path, 'url'], 'the URL of a receiver, of http or https');
    return undefined;
  }
  return { name: written.name || `${written.url.host}-${index}`, url: written.url, ...read };
}
