/** `pagerduty_configs`. Source: Alertmanager, notify/pagerduty/config.go. */
import { named, section } from '@vigie/core/config/fields';
import { httpClientSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { camelKeys } from '../camel-keys.ts';
import { readUrl } from '../http-url.ts';
import { readSecret } from '../secret.ts';
import { goDuration } from '../written-fields.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

export const pagerdutySection = section({
  send_resolved: flag(true),
  http_config: v.nullish(httpClientSection),
  service_key: optionalText,
  service_key_file: optionalText,
  routing_key: optionalText,
  routing_key_file: optionalText,
  url: optionalText,
  client: textOr('{{ template "pagerduty.default.client" . }}'),
  client_url: textOr('{{ template "pagerduty.default.clientURL" . }}'),
  description: textOr('{{ template "pagerduty.default.description" .}}'),
  details: v.nullish(named(v.unknown()), {}),
  images: v.nullish(v.array(section({ src: optionalText, alt: optionalText, href: optionalText })), []),
  links: v.nullish(v.array(section({ href: optionalText, text: optionalText })), []),
  source: optionalText,
  severity: optionalText,
  class: optionalText,
  component: optionalText,
  group: optionalText,
  timeout: goDuration('0'),
});

export type PagerdutyConfig = Readonly<ReturnType<typeof readPagerduty>>;

const DEFAULT_DETAILS: Readonly<Record<string, string>> = {
  firing: '{{ .Alerts.Firing | toJson }}',
  resolved: '{{ .Alerts.Resolved | toJson }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

export function readPagerduty(
  written: v.InferOutput<typeof pagerdutySection>,
  path: ConfigPath,
  context: ReceiverContext,
) {
  const { send_resolved, http_config, service_key, service_key_file, routing_key, routing_key_file, ...rest } = written;
  const { url, details, source, timeout, ...texts } = rest;
  const routingKey = readSecret('routing_key', routing_key, routing_key_file, path, context);
  const serviceKey = readSecret('service_key', service_key, service_key_file, path, context);
  if (routingKey === undefined && serviceKey === undefined)
    context.findings.refuse(path, 'routing_key or service_key', 'missing service or routing key in PagerDuty config');
  const ownUrl = readUrl(url, [...path, 'url'], context) || context.global.pagerdutyUrl;
  if (ownUrl === '')
    context.findings.refuse(path, 'url, here or as pagerduty_url of global', 'no global PagerDuty URL set');
  return {
    kind: 'pagerduty' as const,
    sendResolved: send_resolved,
    http: readReceiverHttp(http_config, path, context),
    /** Of the Events API v2; undefined: v1 with the service's key. */
    routingKey,
    serviceKey,
    url: ownUrl,
    ...camelKeys(texts),
    source: source || texts.client,
    details: { ...DEFAULT_DETAILS, ...details },
    /** 0: none. */
    timeoutMs: timeout,
  };
}
