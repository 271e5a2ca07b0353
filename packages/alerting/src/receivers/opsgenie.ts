/** `opsgenie_configs`: one alert for each group, by its alias. Source: Alertmanager 0.34, notify/opsgenie. */
import type { OpsgenieConfig } from '../config/receivers/opsgenie.ts';
import { dedupKeyOf } from '../identity/group-key.ts';
import { goJsonLine, type Json } from '../templates/go-json.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverProtocol, type ReceiverRequest } from './http-integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { expandSecret, secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

/** Of its API, which refuses longer ones. Alertmanager cuts the message alone: with the default text, a group of some hundred alerts would reach
 *  nobody. https://docs.opsgenie.com/docs/alert-api, Create Alert. */
const MAX_MESSAGE_RUNES = 130;
const MAX_DESCRIPTION_RUNES = 15_000;

export function opsgenieProtocol(config: OpsgenieConfig, deps: ReceiverDeps): ReceiverProtocol {
  const readKey = secretReader(config.key, deps.clock);
  return {
    kind: config.kind,
    sendsResolved: config.sendResolved,
    http: config.http,
    timeoutMs: 0,
    requests({ groupKey }, rendering, secrets) {
      const key = expandSecret(readKey(secrets), rendering, secrets).trim();
      const headers = { authorization: `GenieKey ${key}` };
      const requestTo = (path: string, message: Json, method: 'POST' | 'PUT' = 'POST'): ReceiverRequest => ({
        url: endpoint(config.url, path),
        method,
        headers,
        contentType: 'application/json',
        body: goJsonLine(message),
      });
      return messagesOf(config, dedupKeyOf(groupKey), rendering, requestTo);
    },
    judge: (answer) => judgeByStatus(answer),
  };
}

/** @param path below the API's URL; `…?identifierType=alias` where an alert is named */
function endpoint(base: string, path: string): string {
  const url = new URL(base);
  const [below = '', query] = path.split('?');
  url.pathname += url.pathname.endsWith('/') ? below : `/${below}`;
  if (query !== undefined) for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
  url.searchParams.sort();
  return url.href;
}

function messagesOf(
  config: OpsgenieConfig,
  alias: string,
  rendering: Rendering,
  requestTo: (path: string, message: Json, method?: 'POST' | 'PUT') => ReceiverRequest,
): readonly ReceiverRequest[] {
  const { data, text } = rendering;
  const of = (action: string): string => `v2/alerts/${alias}/${action}?identifierType=alias`;
  if (data.status === 'resolved') return [requestTo(of('close'), { source: text(config.source) })];
  const message = truncateRunes(text(config.message), MAX_MESSAGE_RUNES);
  const description = truncateRunes(text(config.description), MAX_DESCRIPTION_RUNES) || undefined;
  const created = requestTo('v2/alerts', {
    alias,
    message,
    description,
    details: detailsOf(config, rendering),
    source: text(config.source),
    responders: filled(respondersOf(config, text)),
    tags: filled(split(text(config.tags))),
    note: text(config.note) || undefined,
    priority: text(config.priority) || undefined,
    entity: text(config.entity) || undefined,
    actions: filled(split(text(config.actions))),
  });
  if (!config.updateAlerts) return [created];
  return [
    created,
    requestTo(of('message'), { message: message || undefined }, 'PUT'),
    requestTo(of('description'), { description }, 'PUT'),
  ];
}

function detailsOf({ details }: OpsgenieConfig, { data, text }: Rendering): ReadonlyMap<string, string> {
  const given = Object.entries(details).map(([name, value]) => [name, text(value)] as const);
  return new Map([...data.commonLabels, ...given]);
}

/** `teams` is many of them, by their names with commas between. */
function respondersOf({ responders }: OpsgenieConfig, text: Rendering['text']): readonly Json[] {
  return responders.flatMap((responder): readonly Json[] => {
    const [id, name, username, type] = [responder.id, responder.name, responder.username, responder.type].map(text);
    if (type === 'teams') return split(name ?? '').map((team) => ({ name: text(team), type: 'team' }));
    // One that is made of labels may be empty where there are none.
    if (!id && !name && !username && !type) return [];
    return [{ id: id || undefined, name: name || undefined, username: username || undefined, type: type ?? '' }];
  });
}

function split(text: string): readonly string[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '');
}

function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
