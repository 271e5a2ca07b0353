/** The sections of alerting.yaml. */
import { duration, named, parsed, section, size } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { httpClientSection, readHttpClient } from '@vigie/core/config/http-client-section';
import { listenWithMetrics } from '@vigie/core/config/listen';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textList, textMap } from '@vigie/core/config/written-fields';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import * as v from 'valibot';
import { DEFAULT_ALERT_LIMITS } from '../alerts/alert-store.ts';
import { haSection } from '../ha/ha-section.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { MOST_SILENCES } from '../silences/silence-store.ts';
import { ENDS_AFTER_MS } from '../silences/until-resolved.ts';
import type { Endpoint, LogDatasource, LogDelays } from './alerting-config.ts';
import { contextSection, readContext } from './context-section.ts';
import { escalationSection, readEscalation } from './escalation-section.ts';
import { furtherInhibitionSection } from './further-inhibition-section.ts';
import { expectedHeartbeatSection, heartbeatSection } from './heartbeat-sections.ts';
import { operatorSection } from './operator-section.ts';
import { rulesSection } from './rules-section.ts';
import { count } from './written-fields.ts';

const url = parsed('a URL of http or https', (written) =>
  /^https?:/.test(written) && URL.canParse(written) ? new URL(written) : undefined,
);

const pathPrefix = parsed('the beginning of paths, with a slash before it', (written) => {
  const path = written.replace(/\/+$/, '');
  return /^(?:\/[\w.~-]+)*$/.test(path) ? path : undefined;
});

/** Prometheus' own. */
const ALERTMANAGER_TIMEOUT_MS = 10_000;

const endpointFields = (timeout: string) => ({
  url,
  timeout: v.nullish(duration({ min: 1 }), timeout),
  http_config: v.nullish(httpClientSection),
});

const endpoint = (timeout: string) => section(endpointFields(timeout));

const alertmanager = v.union(
  [
    v.pipe(
      url,
      v.transform((written) => ({ url: written, timeout: ALERTMANAGER_TIMEOUT_MS, http_config: undefined })),
    ),
    endpoint(`${ALERTMANAGER_TIMEOUT_MS}ms`),
  ],
  'a URL of http or https, or a mapping with url, timeout and http_config',
);

export const logStoreType = v.picklist(['loki', 'elasticsearch', 'opensearch']);

/** How late lines may come. */
export const logDelayFields = {
  // An agent that ships each second, and a store that shows it within another few.
  query_delay: v.nullish(duration(), '10s'),
  max_query_delay: v.nullish(duration(), '2m'),
  late_lines: v.nullish(duration(), '10m'),
};

const logDatasource = section({
  type: logStoreType,
  ...endpointFields('1m'),
  tenant: optionalText,
  index: optionalText,
  ...logDelayFields,
});

export const receiverOptionsSection = section({
  fallback: optionalText,
  // A receiver that is only slow, or restarted, answers by then: the third attempt follows within 3 s.
  fallback_after: count(3),
  // Most who answer at all do within a second; three attempts come to half a minute, a tenth of the default group_interval.
  fallback_timeout: v.nullish(duration({ min: 1 }), '10s'),
  rate_limit: v.nullish(
    section({
      notifications: count(1),
      per: v.nullish(duration({ min: 1 }), '1m'),
      digest: flag(true),
      // A mail of so many is read; Teams takes no more than 28 KB.
      digest_alerts: count(20),
    }),
  ),
  context: v.nullish(contextSection),
  escalation: v.nullish(escalationSection, []),
});

const notificationsSection = section({
  resolve_what_fired: flag(true),
  resolve_reason: flag(true),
  idempotency_key: flag(true),
  repeat_on_time: flag(false),
  // Prometheus tells again of what fires each minute.
  startup_hold: v.nullish(duration(), '2m'),
  // Alertmanager's own.
  retention: v.nullish(duration({ min: 60_000 }), '120h'),
});

const silencesSection = section({
  until_resolved_after: v.nullish(duration(), `${ENDS_AFTER_MS / 60_000}m`),
});

const limitsSection = section({
  alerts: count(DEFAULT_ALERT_LIMITS.alerts),
  alert_size: v.nullish(size({ min: 1 }), DEFAULT_ALERT_LIMITS.alertSize),
  silences: count(MOST_SILENCES),
});

export const alertingFile = section({
  listen: v.nullish(listenWithMetrics(), '127.0.0.1:9093'),
  log_level: v.nullish(v.picklist(LOG_LEVELS), 'info'),
  shutdown_grace: v.nullish(duration(), '15s'),
  data_dir: optionalText,
  external_labels: textMap,
  external_url: v.nullish(url),
  graph_url: v.nullish(url),
  route_prefix: v.nullish(pathPrefix, ''),
  cors_origin: optionalText,
  evaluation_interval: v.nullish(duration({ min: 1 }), '1m'),
  rule_query_offset: v.nullish(duration(), '0s'),
  rule_files: textList,
  recording_rules: flag(false),
  rules: v.nullish(rulesSection, {}),
  alertmanager_config: optionalText,
  receivers: v.nullish(named(receiverOptionsSection), {}),
  heartbeats: v.nullish(v.array(heartbeatSection), []),
  heartbeats_in: v.nullish(v.array(expectedHeartbeatSection), []),
  notifications: v.nullish(notificationsSection, {}),
  silences: v.nullish(silencesSection, {}),
  inhibition: v.nullish(furtherInhibitionSection, {}),
  limits: v.nullish(limitsSection, {}),
  ha: v.nullish(haSection),
  datasources: v.nullish(section({ metrics: v.nullish(endpoint('2m')), logs: v.nullish(logDatasource) }), {}),
  remote_write: v.nullish(endpoint('30s')),
  alertmanagers: v.nullish(v.array(alertmanager), []),
  operator_objects: v.nullish(operatorSection),
  log_rule_files: textList,
});

export type WrittenAlerting = v.InferOutput<typeof alertingFile>;

/** @param names of the receivers that there are
 *  @returns by the names of receivers */
export function readReceiverOptions(
  written: WrittenAlerting['receivers'],
  names: ReadonlySet<string>,
  read: ReadContext,
): ReadonlyMap<string, ReceiverOptions> {
  const { findings } = read;
  return new Map(
    Object.entries(written).map(([name, { fallback, rate_limit, context, escalation, ...patience }]) => {
      const path: ConfigPath = ['receivers', name];
      if (!names.has(name)) findings.problemAtKey(path, 'the name of a receiver of alertmanager_config');
      if (fallback !== '' && (!names.has(fallback) || fallback === name))
        findings.problem([...path, 'fallback'], 'the name of another receiver of alertmanager_config');
      const options: ReceiverOptions = {
        fallback:
          fallback === ''
            ? undefined
            : { receiver: fallback, afterFailures: patience.fallback_after, timeoutMs: patience.fallback_timeout },
        rateLimit:
          rate_limit == null
            ? undefined
            : {
                notifications: rate_limit.notifications,
                periodMs: rate_limit.per,
                digest: rate_limit.digest,
                digestAlerts: rate_limit.digest_alerts,
              },
        escalation: readEscalation(escalation, { name, names, path: [...path, 'escalation'] }, read),
        context: context == null ? undefined : readContext(context, [...path, 'context'], read),
      };
      return [name, options] as const;
    }),
  );
}

export function readEndpoint(
  written: WrittenAlerting['remote_write'],
  path: ConfigPath,
  context: ReadContext,
): Endpoint | undefined {
  return written == null ? undefined : endpointOf(written, path, context);
}

type WrittenEndpoint = NonNullable<WrittenAlerting['remote_write']>;

function endpointOf({ url, timeout, http_config }: WrittenEndpoint, path: ConfigPath, context: ReadContext): Endpoint {
  const http =
    http_config == null ? DEFAULT_HTTP_CLIENT : readHttpClient(http_config, [...path, 'http_config'], context);
  return { url, timeoutMs: timeout, http };
}

export function readAlertmanagers(
  written: WrittenAlerting['alertmanagers'],
  context: ReadContext,
): readonly Endpoint[] {
  return written.map((one, index) => endpointOf(one, ['alertmanagers', index], context));
}

interface WrittenDelays {
  readonly query_delay: number;
  readonly max_query_delay: number;
  readonly late_lines: number;
}

/** @param path of the section that has logDelayFields */
export function readLogDelays(
  { query_delay, max_query_delay, late_lines }: WrittenDelays,
  path: ConfigPath,
  { findings }: Pick<ReadContext, 'findings'>,
): LogDelays {
  if (max_query_delay < query_delay) findings.problem([...path, 'max_query_delay'], 'query_delay or more');
  return { queryDelayMs: query_delay, maxQueryDelayMs: max_query_delay, lateLinesMs: late_lines };
}

export function readLogDatasource(
  written: WrittenAlerting['datasources']['logs'],
  path: ConfigPath,
  context: ReadContext,
): LogDatasource | undefined {
  const endpoint = readEndpoint(written, path, context);
  if (written == null || endpoint === undefined) return undefined;
  const { type, tenant, index } = written;
  const { findings } = context;
  if (type !== 'loki' && tenant !== '') findings.problemAtKey([...path, 'tenant'], `no tenant: ${type} has none`);
  if (type === 'loki' && index !== '') findings.problemAtKey([...path, 'index'], 'no index: Loki has none');
  return { ...endpoint, type, tenant, index: index || 'logs-*', ...readLogDelays(written, path, context) };
}
