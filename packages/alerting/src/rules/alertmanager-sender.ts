/** Sends the alerts of rules to Alertmanagers, as Prometheus does: to each of them all. Source: Prometheus, notifier/manager.go. */
import type { Clock } from '@vigie/core/clock';
import type { HttpClient } from '@vigie/core/http-client/http-client';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { post } from './post.ts';
import { SendQueue } from './send-queue.ts';

export interface AlertmanagerSenderDeps {
  readonly client: Pick<HttpClient, 'open'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Prometheus' own. */
const CAPACITY = 10_000;
const BATCH = 256;
const TIMEOUT_MS = 10_000;

export class AlertmanagerSender {
  readonly #queues: ReadonlyMap<string, SendQueue<AlertNotification>>;

  /** @param urls base URLs */
  constructor(urls: readonly URL[], deps: AlertmanagerSenderDeps) {
    this.#queues = new Map(
      urls.map((url) => {
        const send = (batch: readonly AlertNotification[], signal: AbortSignal) => sendAlerts(url, batch, deps, signal);
        return [url.host, new SendQueue({ capacity: CAPACITY, batchSize: BATCH, send }, deps)] as const;
      }),
    );
  }

  /** By the host and port of each. */
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

/** An alert that was not taken is sent again a minute later, by its rule. */
async function sendAlerts(
  base: URL,
  alerts: readonly AlertNotification[],
  { client, clock, log }: AlertmanagerSenderDeps,
  signal: AbortSignal,
): Promise<'sent' | 'dropped'> {
  const url = new URL(`${base.pathname.replace(/\/+$/, '')}/api/v2/alerts`, base);
  const body = JSON.stringify(alerts.map(written));
  const headers = { 'content-type': 'application/json' };
  const answer = await post(client, { url, headers, body, timeoutMs: TIMEOUT_MS }, clock, signal);
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return 'sent';
  const reason = answer.kind === 'failed' ? answer.detail : `${answer.status} ${answer.text}`;
  log.error('alerts were not taken', { alertmanager: url.host, alerts: alerts.length, reason });
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
