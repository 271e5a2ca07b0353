/** The sections of alerting.yaml. */
import { duration, named, parsed, refused, section, size } from '@vigie/core/config/fields';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { listen } from '@vigie/core/config/listen';
import type { ConfigPath } from '@vigie/core/config/problem';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import * as v from 'valibot';
import { DEFAULT_ALERT_LIMITS } from '../alerts/alert-store.ts';
import { haSection } from '../ha/ha-section.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import type { Endpoint } from './alerting-config.ts';
import type { ReadContext } from './findings.ts';
import { httpClientSection, readHttpClient } from './http-client-section.ts';
import { rulesSection } from './rules-section.ts';
import { flag, optionalText, textList, textMap } from './written-fields.ts';

const notYet = (what: string) => refused(`no such key: ${what} are not supported yet`);

const count = (fallback: number) =>
  v.nullish(
    parsed('a whole number, at least 1', (written) => {
      const value = Number(written);
      return /^\d+$/.test(written) && Number.isSafeInteger(value) && value >= 1 ? value : undefined;
    }),
    fallback,
  );

const url = parsed('a URL of http or https', (written) =>
  /^https?:/.test(written) && URL.canParse(written) ? new URL(written) : undefined,
);

const endpoint = (timeout: string) =>
  section({ url, timeout: v.nullish(duration({ min: 1 }), timeout), http_config: v.nullish(httpClientSection) });

const receiverOptionsSection = section({
  fallback: optionalText,
  // A receiver that is only slow, or restarted, answers by then: the third attempt follows within 3 s.
  fallback_after: count(3),
  rate_limit: v.nullish(
    section({ notifications: count(1), per: v.nullish(duration({ min: 1 }), '1m'), digest: flag(true) }),
  ),
  context: notYet('links, log lines and charts in notifications'),
  escalation: notYet('escalation steps'),
});

const notificationsSection = section({
  resolve_what_fired: flag(true),
  resolve_reason: flag(true),
  // Prometheus tells again of what fires each minute.
  startup_hold: v.nullish(duration(), '2m'),
  // Alertmanager's own.
  retention: v.nullish(duration({ min: 60_000 }), '120h'),
});

const limitsSection = section({
  alerts: count(DEFAULT_ALERT_LIMITS.alerts),
  alert_size: v.nullish(size({ min: 1 }), DEFAULT_ALERT_LIMITS.alertSize),
});

export const alertingFile = section({
  listen: v.nullish(listen(), '127.0.0.1:9093'),
  log_level: v.nullish(v.picklist(LOG_LEVELS), 'info'),
  shutdown_grace: v.nullish(duration(), '15s'),
  data_dir: v.pipe(v.string(), v.nonEmpty('the path of a folder')),
  external_labels: textMap,
  external_url: v.nullish(url),
  evaluation_interval: v.nullish(duration({ min: 1 }), '1m'),
  rule_files: textList,
  recording_rules: flag(false),
  rules: v.nullish(rulesSection, {}),
  alertmanager_config: optionalText,
  receivers: v.nullish(named(receiverOptionsSection), {}),
  notifications: v.nullish(notificationsSection, {}),
  limits: v.nullish(limitsSection, {}),
  ha: v.nullish(haSection),
  datasources: v.nullish(section({ metrics: v.nullish(endpoint('2m')), logs: notYet('rules on logs') }), {}),
  remote_write: v.nullish(endpoint('30s')),
  alertmanagers: v.nullish(v.array(url), []),
  log_rule_files: notYet('rules on logs'),
  routes: notYet('options of routes'),
});

export type WrittenAlerting = v.InferOutput<typeof alertingFile>;

/** @param names of the receivers that there are
 *  @returns by the names of receivers */
export function readReceiverOptions(
  written: WrittenAlerting['receivers'],
  names: ReadonlySet<string>,
  { findings }: ReadContext,
): ReadonlyMap<string, ReceiverOptions> {
  return new Map(
    Object.entries(written).map(([name, { fallback, fallback_after, rate_limit }]) => {
      const path: ConfigPath = ['receivers', name];
      if (!names.has(name)) findings.problemAtKey(path, 'the name of a receiver of alertmanager_config');
      if (fallback !== '' && (!names.has(fallback) || fallback === name))
        findings.problem([...path, 'fallback'], 'the name of another receiver of alertmanager_config');
      const options: ReceiverOptions = {
        fallback: fallback === '' ? undefined : { receiver: fallback, afterFailures: fallback_after },
        rateLimit:
          rate_limit == null
            ? undefined
            : { notifications: rate_limit.notifications, periodMs: rate_limit.per, digest: rate_limit.digest },
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
  if (written == null) return undefined;
  const { http_config } = written;
  return {
    url: written.url,
    timeoutMs: written.timeout,
    http: http_config == null ? DEFAULT_HTTP_CLIENT : readHttpClient(http_config, [...path, 'http_config'], context),
  };
}
