/** `heartbeats` and `heartbeats_in` of alerting.yaml. */
import { duration, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { httpClientSection, readHttpClient } from '@vigie/core/config/http-client-section';
import { optionalText, textMap } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import type { ExpectedHeartbeat } from '../heartbeat/expected-heartbeat.ts';
import type { HeartbeatTarget } from '../heartbeat/heartbeat-sender.ts';
import { readSecretUrl } from './secret.ts';

export const heartbeatSection = section({
  url: optionalText,
  url_file: optionalText,
  interval: v.nullish(duration({ min: 1000 }), '1m'),
  timeout: v.nullish(duration({ min: 1 }), '10s'),
  // Longer than a receiver needs that is restarted, and than three flushes of a group.
  stuck_after: v.nullish(duration({ min: 1000 }), '15m'),
  http_config: v.nullish(httpClientSection),
});

export const expectedHeartbeatSection = section({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a name of letters, digits, _, . and -')),
  every: duration({ min: 1000 }),
  grace: v.nullish(duration(), '1m'),
  labels: textMap,
  annotations: textMap,
});

export function readHeartbeats(
  written: readonly v.InferOutput<typeof heartbeatSection>[],
  context: ReadContext,
): readonly HeartbeatTarget[] {
  return written.map(({ url, url_file, interval, timeout, stuck_after, http_config }, index) => {
    const path = ['heartbeats', index];
    const secret = readSecretUrl('url', url, url_file, path, context);
    if (secret === undefined) context.findings.problem(path, 'one of url or url_file');
    return {
      url: secret ?? { value: '' },
      intervalMs: interval,
      timeoutMs: timeout,
      stuckAfterMs: stuck_after,
      http: http_config == null ? DEFAULT_HTTP_CLIENT : readHttpClient(http_config, [...path, 'http_config'], context),
    };
  });
}

export function readExpectedHeartbeats(
  written: readonly v.InferOutput<typeof expectedHeartbeatSection>[],
  { findings }: ReadContext,
): readonly ExpectedHeartbeat[] {
  const seen = new Set<string>();
  return written.map(({ name, every, grace, labels, annotations }, index) => {
    if (seen.has(name)) findings.problem(['heartbeats_in', index, 'name'], 'a name that no other heartbeat has');
    seen.add(name);
    return { name, everyMs: every, graceMs: grace, labels, annotations };
  });
}
