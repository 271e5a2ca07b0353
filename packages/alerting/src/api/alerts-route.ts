/** `GET /api/v2/alerts`. Source: Alertmanager, api/v2/api.go, getAlertsHandler. The pages are Vigie's own: `limit` asks for one, and the header
 *  `x-vigie-next-token` has the `next_token` of the following one. */
import type { Alert } from '../dispatch/alert.ts';
import { matchRoutes, type Route } from '../routing/route.ts';
import { type AlertFilter, alertFilterOf, pendingAlerts } from './alert-filter.ts';
import { alertJson, receiversJson } from './alert-json.ts';
import { ApiTimes } from './api-time.ts';
import type { AlertStatus, ApiWorld } from './api-world.ts';
import { limitParameter } from './parameters.ts';
import { badRequest } from './refusal.ts';

export interface AlertsAnswer {
  /** Pieces of a JSON text, made as they are taken. */
  readonly pieces: Iterable<string>;
  /** Of the page that follows; undefined where none does. */
  readonly nextToken: string | undefined;
}

/** @throws {Refusal} */
export function answerAlerts(parameters: URLSearchParams, world: ApiWorld): AlertsAnswer {
  const { receivers, root } = world.config();
  const filter = alertFilterOf(parameters, receivers);
  const limit = limitParameter(parameters);
  const after = tokenParameter(parameters);
  const pending = pendingAlerts(world.alerts(), world.clock.nowMs());
  if (limit === undefined) {
    return { pieces: listed(alertTexts(from(pending, after), filter, root, world)), nextToken: undefined };
  }
  // One more than the page has says whether there is another.
  const texts: string[] = [];
  let last: string | undefined;
  let nextToken: string | undefined;
  for (const { text, fingerprint } of alertTexts(from(pending, after), filter, root, world)) {
    if (texts.length === limit) {
      nextToken = last;
      break;
    }
    texts.push(text);
    last = fingerprint;
  }
  return { pieces: [`[${texts.join()}]\n`], nextToken };
}

/** The fingerprint that the last page ended with: alerts that come and go meanwhile move no other alert to another page. */
function tokenParameter(parameters: URLSearchParams): string {
  const token = parameters.get('next_token') ?? '';
  if (token === '' || /^[0-9a-f]{16}$/.test(token)) return token;
  throw badRequest('next_token: expected what the header x-vigie-next-token of the page before had');
}

function from(alerts: readonly Alert[], after: string): readonly Alert[] {
  return after === '' ? alerts : alerts.filter(({ fingerprint }) => fingerprint > after);
}

interface AlertText {
  readonly text: string;
  readonly fingerprint: string;
}

function* alertTexts(
  alerts: readonly Alert[],
  filter: AlertFilter,
  root: Route,
  world: ApiWorld,
): Generator<AlertText, void> {
  const times = new ApiTimes();
  const receiverTexts = new Map<string, string>();
  for (const { alert, routes, status } of askedFor(alerts, filter, root, world)) {
    const key = routes.length === 1 ? routes[0]!.id : routes.map(({ id }) => id).join('\n');
    let receivers = receiverTexts.get(key);
    if (receivers === undefined) {
      receivers = receiversJson(routes.map(({ options }) => options.receiver));
      receiverTexts.set(key, receivers);
    }
    yield { text: alertJson(alert, status, receivers, times), fingerprint: alert.fingerprint };
  }
}

interface AskedAlert {
  readonly alert: Alert;
  readonly routes: readonly Route[];
  readonly status: AlertStatus;
}

/** Those of the alerts that a request asks for, as they are taken. */
export function* askedFor(
  alerts: readonly Alert[],
  filter: AlertFilter,
  root: Route,
  world: Pick<ApiWorld, 'statusOf'>,
): Generator<AskedAlert, void> {
  for (const alert of alerts) {
    if (!filter.matches(alert.labels)) continue;
    const routes = matchRoutes(root, alert.labels);
    if (!routes.some(({ options }) => filter.takesReceiver(options.receiver))) continue;
    const status = world.statusOf(alert);
    if (filter.admits(status)) yield { alert, routes, status };
  }
}

function* listed(texts: Iterable<AlertText>): Generator<string, void> {
  let before = '[';
  for (const { text } of texts) {
    yield before + text;
    before = ',';
  }
  yield before === '[' ? '[]\n' : ']\n';
}
