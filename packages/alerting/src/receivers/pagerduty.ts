/** `pagerduty_configs`: events of its API of version 1 or 2. Source: Alertmanager 0.34, notify/pagerduty. */
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import type { PagerdutyConfig } from '../config/receivers/pagerduty.ts';
import { chartUrlOf } from '../context/notification-context.ts';
import { dedupKeyOf } from '../identity/group-key.ts';
import { goJsonLine, type Json } from '../templates/go-json.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverAnswer, type ReceiverProtocol } from './http-integration.ts';
import { parsedAnswer } from './parsed-answer.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { renderPayload } from './rendered-payload.ts';
import { expandSecret, secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

const V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';
/** PagerDuty takes 512 KB, in thousands. */
const MAX_EVENT_BYTES = 512_000;
const TOO_LARGE = {
  error: 'Custom details have been removed because the original event exceeds the maximum size of 512KB',
};
const MAX_SUMMARY_RUNES = 1024;
/** Of version 1, where it says that there are too many requests. */
const V1_RETRIED = [403];

const refusalSchema = v.object({
  message: v.optional(v.string(), ''),
  errors: v.optional(v.array(v.string()), []),
});

/** @param v1Url of the API of version 1 */
export function pagerdutyProtocol(config: PagerdutyConfig, deps: ReceiverDeps, v1Url = V1_URL): ReceiverProtocol {
  const { routingKey, serviceKey, kind, sendResolved, http, timeoutMs } = config;
  // A service's key decides for version 1, as it does in Alertmanager.
  const isV1 = serviceKey !== undefined;
  const readKey = secretReader(serviceKey ?? routingKey ?? { value: '' }, deps.clock);
  const name = isV1 ? 'service' : 'routing';
  return {
    kind,
    sendsResolved: sendResolved,
    http,
    timeoutMs,
    requests({ groupKey, context }, rendering, secrets) {
      const key = expandSecret(readKey(secrets), rendering, secrets);
      if (key === '') throw new VigieError('RECEIVER_UNUSABLE', `${name} key cannot be empty`);
      const eventOf = isV1 ? eventV1 : eventV2;
      const body = withinLimit(
        (details) => eventOf(config, key, dedupKeyOf(groupKey), rendering, details, chartUrlOf(context)),
        () => detailsOf(config, rendering),
      );
      return [{ url: isV1 ? v1Url : config.url, contentType: 'application/json', body }];
    },
    judge: (answer) => judgeByStatus(answer, isV1 ? V1_RETRIED : [], refusalOf(answer)),
  };
}

type Details = ReadonlyMap<string, Json> | { readonly error: string };

function withinLimit(event: (details: Details) => Json, details: () => Details): string {
  const whole = goJsonLine(event(details()));
  return Buffer.byteLength(whole) > MAX_EVENT_BYTES ? goJsonLine(event(TOO_LARGE)) : whole;
}

function detailsOf({ details }: PagerdutyConfig, { text }: Rendering): Details {
  return new Map(Object.entries(details).map(([name, value]) => [name, renderPayload(value, text)]));
}

function eventV1(config: PagerdutyConfig, key: string, dedupKey: string, rendering: Rendering, details: Details): Json {
  const { data, text } = rendering;
  const isTrigger = data.status === 'firing';
  return {
    service_key: key,
    incident_key: dedupKey,
    event_type: isTrigger ? 'trigger' : 'resolve',
    description: truncateRunes(text(config.description), MAX_SUMMARY_RUNES) || undefined,
    event_action: '',
    payload: null,
    client: isTrigger ? text(config.client) || undefined : undefined,
    client_url: isTrigger ? text(config.clientUrl) || undefined : undefined,
    details,
  };
}

function eventV2(
  config: PagerdutyConfig,
  key: string,
  dedupKey: string,
  rendering: Rendering,
  details: Details,
  chartUrl: string | undefined,
): Json {
  const { data, text } = rendering;
  const images = config.images
    .map(({ src, alt, href }) => ({ src: text(src), alt: text(alt), href: text(href) }))
    .filter(({ src }) => src !== '');
  if (chartUrl !== undefined) images.push({ src: chartUrl, alt: 'chart', href: chartUrl });
  const links = config.links
    .map(({ href, text: label }) => ({ href: text(href), text: text(label) }))
    .filter(({ href }) => href !== '');
  return {
    routing_key: key,
    dedup_key: dedupKey,
    event_action: data.status === 'firing' ? 'trigger' : 'resolve',
    payload: {
      summary: truncateRunes(text(config.description), MAX_SUMMARY_RUNES),
      source: text(config.source),
      severity: text(config.severity || 'error'),
      class: text(config.class) || undefined,
      component: text(config.component) || undefined,
      group: text(config.group) || undefined,
      custom_details: details,
    },
    client: text(config.client) || undefined,
    client_url: text(config.clientUrl) || undefined,
    images: images.length === 0 ? undefined : images,
    links: links.length === 0 ? undefined : links,
  };
}

/** Only a refusal for what stands in the event says more than its status does. */
function refusalOf({ status, body = '' }: ReceiverAnswer): string {
  const said = status === 400 ? parsedAnswer(refusalSchema, body) : undefined;
  return said === undefined ? '' : `${said.message}: ${said.errors.join(',')}`;
}
