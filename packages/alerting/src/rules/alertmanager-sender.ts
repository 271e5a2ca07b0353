/** Sends the alerts of rules to Alertmanagers, as Prometheus does: to each of them all. Source: Prometheus, notifier/manager.go. */
import type { Clock } from '@vigie/core/clock';
import type { HttpClient } from '@vigie/core/http-client/http-client';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import type { Endpoint } from '../config/alerting-config.ts';
import { post } from './post.ts';
import { SendQueue } from './send-queue.ts';

export interface Alertmanager {
  /** Of its base URL. */
  readonly endpoint: Pick<Endpoint, 'url' | 'timeoutMs'>;
  readonly client: Pick<HttpClient, 'open'>;
}

export interface AlertmanagerSenderDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Prometheus' own. */
const CAPACITY = 10_000;
const BATCH = 256;

export class AlertmanagerSender {
  readonly #queues: ReadonlyMap<string, SendQueue<AlertNotification>>;

  constructor(alertmanagers: readonly Alertmanager[], deps: AlertmanagerSenderDeps) {
    const names = namesOf(alertmanagers.map(({ endpoint }) => endpoint.url));
    this.#queues = new Map(
      alertmanagers.map((alertmanager, index) => {
        const name = names[index] ?? '';
        const send = (batch: readonly AlertNotification[], signal: AbortSignal) =>
          sendAlerts(name, alertmanager, batch, deps, signal);
        return [name, new SendQueue({ capacity: CAPACITY, batchSize: BATCH, send }, deps)] as const;
      }),
    );
  }

  /** By the host and port of each; where several are at one, with their paths. */
  get queues(): ReadonlyMap<string, Pick<SendQueue<AlertNotification>, 'counts' | 'length'>> {
    return this.#queues;
  }

  /** Does not wait; where there are too many, the oldest go. */
  send(alerts: readonly AlertNotification[]): void {
    for (const queue of this.#queues.values()) queue.pushOver(alerts);
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.close(options)));
  }
}

/** Each another one: behind one port there may be several, by their paths, or by a tenant that a header names. */
function namesOf(urls: readonly URL[]): readonly string[] {
  const names: string[] = [];
  for (const { host, pathname } of urls) {
    const isAlone = urls.filter((url) => url.host === host).length === 1;
    const place = isAlone ? host : `${host}${pathname.replace(/\/+$/, '')}`;
    let name = place;
    for (let nth = 2; names.includes(name); nth++) name = `${place} #${nth}`;
    names.push(name);
  }
  return names;
}

/** An alert that was not taken is sent again a minute later, by its rule. */
async function sendAlerts(
  name: string,
  { endpoint: { url: base, timeoutMs }, client }: Alertmanager,
  alerts: readonly AlertNotification[],
  { clock, log }: AlertmanagerSenderDeps,
  signal: AbortSignal,
): Promise<'sent' | 'dropped'> {
  const url = new URL(`${base.pathname.replace(/\/+$/, '')}/api/v2/alerts`, base);
  const body = JSON.stringify(alerts.map(written));
  const headers = { 'content-type': 'application/json' };
  const answer = await post(client, { url, headers, body, timeoutMs }, clock, signal);
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return 'sent';
  const reason = answer.kind === 'failed' ? answer.detail : `${answer.status} ${answer.text}`;
  log.error('alerts were not taken', { alertmanager: name, alerts: alerts.length, reason });
  return 'dropped';
}

function written({ labels, annotations, startsAtMs, endsAtMs, generatorUrl }: AlertNotification): object {
  return {
    labels,
    annotations,
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: new Date(endsAtMs).toISOString(),
    generatorURL: generatorUrl,
  };
}
