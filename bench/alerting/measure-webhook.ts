/** From an alert that is posted to the notification of it, while many others are active, come again, and are flushed. */
import { setTimeout } from 'node:timers/promises';
import { cpuSecondsOf } from '../harness/proc-stats.ts';
import { quantile } from '../harness/statistics.ts';
import { postSteadily } from './measure-api.ts';
import { type AlertCorpus, requestsOf } from './posted-alerts.ts';
import { Client } from './requests.ts';
import type { AlertServer } from './servers.ts';
import type { WebhookSink } from './webhook-sink.ts';

export interface WebhookPlan {
  /** That are active all the time. */
  readonly alerts: number;
  /** New ones, each in a group of its own. */
  readonly probes: number;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
}

export interface WebhookFigures {
  readonly server: string;
  readonly probes: number;
  /** Of them, those that nobody was told of. */
  readonly lost: number;
  /** Beyond group_wait, from the request with the alert to the notification's. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly cpuShare: number;
}

const PROBE_EVERY_MS = 40;
const PROBE = 'latency-probe-';
const AN_HOUR_MS = 3_600_000;
/** Longer than the latency that anybody would wait for. */
const LAST_ARRIVAL_MS = 3000;

/** @param sinkUrl who is told */
export function webhookYaml(sinkUrl: string, { groupWaitMs, groupIntervalMs }: WebhookPlan): string {
  return `route:
  receiver: sink
  group_by: [alertname, namespace]
  group_wait: ${groupWaitMs}ms
  group_interval: ${groupIntervalMs}ms
  repeat_interval: 4h
receivers:
  - name: sink
    webhook_configs: [{ url: '${sinkUrl}' }]
`;
}

/** For openWebhookSink: the probe that a notification is of. */
export function probeIn(body: string): string | undefined {
  return /"groupLabels":\{[^}]*"namespace":"(latency-probe-[^"]+)"/.exec(body)?.[1];
}

export async function measureWebhook(
  { name, url, program }: AlertServer,
  sink: WebhookSink,
  round: number,
  plan: WebhookPlan,
): Promise<WebhookFigures> {
  const corpus: AlertCorpus = { name: 'background', alerts: plan.alerts, namespaces: 100 };
  const [background, prober] = [new Client(url), new Client(url)];
  const ending = new AbortController();
  try {
    const nowMs = Date.now();
    const times = { startsAtMs: nowMs, endsAtMs: nowMs + AN_HOUR_MS };
    const requests = requestsOf(corpus, { from: 0, to: plan.alerts, ...times });
    for (const request of requests) await background.post('/api/v2/alerts', request);
    // Their first notifications are out.
    await setTimeout(plan.groupWaitMs + LAST_ARRIVAL_MS);
    const steady = postSteadily(background, requests, ending.signal);
    const cpuBefore = cpuSecondsOf(program.pid);
    const startedMs = performance.now();
    const sentAtMs = await sendProbes(prober, `${PROBE}${name}-${round}-`, plan.probes);
    await setTimeout(plan.groupWaitMs + LAST_ARRIVAL_MS);
    const cpuShare = (cpuSecondsOf(program.pid) - cpuBefore) / ((performance.now() - startedMs) / 1000);
    ending.abort();
    await steady;
    const latencies = [...sentAtMs].flatMap(([probe, sentMs]) => {
      const arrivedMs = sink.arrivals.get(probe);
      return arrivedMs === undefined ? [] : [arrivedMs - sentMs - plan.groupWaitMs];
    });
    const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((q) => quantile(latencies, q)) as [number, number, number];
    return {
      server: name,
      probes: sentAtMs.size,
      lost: sentAtMs.size - latencies.length,
      p50Ms,
      p99Ms,
      maxMs,
      cpuShare,
    };
  } finally {
    ending.abort();
    background.close();
    prober.close();
  }
}

/** @returns when each was sent, performance.now() */
async function sendProbes(client: Client, prefix: string, probes: number): Promise<ReadonlyMap<string, number>> {
  const sentAtMs = new Map<string, number>();
  const startedMs = performance.now();
  for (let probe = 0; probe < probes; probe++) {
    const waitMs = startedMs + probe * PROBE_EVERY_MS - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    const namespace = `${prefix}${probe}`;
    const labels = { alertname: 'LatencyProbe', namespace, severity: 'page' };
    const body = Buffer.from(JSON.stringify([{ labels, annotations: { summary: 'A probe of the benchmark.' } }]));
    sentAtMs.set(namespace, performance.now());
    await client.post('/api/v2/alerts', body);
  }
  return sentAtMs;
}
