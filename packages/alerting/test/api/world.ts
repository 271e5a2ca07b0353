/** What the API stands on, in memory: the real silences, groups and inhibition, and alerts that are what was posted last. */
import { type Clock, systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { type FastifyInstance, fastify } from 'fastify';
import { onTestFinished } from 'vitest';
import type { PostedAlert } from '../../src/alerts/posted-alert.ts';
import type { AlertStatus, ApiWorld, GroupView } from '../../src/api/api-world.ts';
import { explainApi } from '../../src/api/explain-plugin.ts';
import { type AlertsApiDeps, alertmanagerApi } from '../../src/api/plugin.ts';
import { AlertsApiCounts } from '../../src/api/telemetry.ts';
import { type AlertmanagerConfig, parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import type { Alert } from '../../src/dispatch/alert.ts';
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { Inhibitor } from '../../src/inhibition/inhibitor.ts';
import { buildRoutes, matchRoutes, type Route } from '../../src/routing/route.ts';
import type { Silence } from '../../src/silences/silence.ts';
import { SilenceStore } from '../../src/silences/silence-store.ts';
import { intervalsAt } from '../../src/time-intervals/contains-time.ts';

export const CONFIG = `global: { resolve_timeout: 5m }
route:
  receiver: mail
  group_by: [alertname]
  routes:
    - matchers: [severity="page"]
      receiver: pager
      labels: { tier: one }
      continue: true
    - matchers: [team="shop"]
      receiver: shop
      mute_time_intervals: [always]
inhibit_rules:
  - source_matchers: [alertname="NodeDown"]
    target_matchers: [severity="page"]
    equal: [node]
time_intervals:
  - name: always
    time_intervals: [{ years: ['2000:2100'] }]
receivers:
  - name: mail
  - name: pager
    labels: { owner: sre }
    webhook_configs: [{ url: 'http://user:hunter2@pager.example/x' }]
  - name: shop
    labels: { owner: shop }
`;

export class MemoryWorld implements ApiWorld {
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly parsed: AlertmanagerConfig;
  readonly posted: PostedAlert[] = [];
  readonly silences: ApiWorld['silences'];
  /** What post ends with in place of taking alerts. */
  failure: Error | undefined;
  readonly #text: string;
  readonly #root: Route;
  readonly #alerts = new Map<string, Alert>();
  readonly #store: SilenceStore;
  readonly #inhibitor: Inhibitor;
  readonly #dispatcher: Dispatcher;
  #ids = 0;

  constructor(text = CONFIG, clock: Clock = systemClock) {
    this.clock = clock;
    this.startedAtMs = clock.nowMs();
    this.#text = text;
    this.parsed = parseAlertmanagerConfig(text, 'alertmanager.yml');
    this.#root = buildRoutes(this.parsed.route);
    const newId = (): string => `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, '0')}`;
    this.#store = new SilenceStore({ clock, newId, retentionMs: 120 * 3_600_000 });
    this.#inhibitor = new Inhibitor(this.parsed.inhibitRules);
    this.#dispatcher = new Dispatcher(this.#root, {
      clock,
      tell: async () => true,
      onTimer: () => undefined,
      onError: (error) => {
        throw error;
      },
    });
    this.silences = {
      query: (query) => this.#store.query(query),
      set: async (content, id) => this.#store.set(content, id),
      expire: async (id): Promise<Silence> => this.#store.expire(id),
    };
  }

  close(): Promise<void> {
    return this.#dispatcher.close({ graceMs: 0 });
  }

  readonly config: ApiWorld['config'] = () => ({
    text: this.#text,
    receivers: this.parsed.receivers,
    root: this.#root,
    resolveTimeoutMs: this.parsed.global.resolveTimeoutMs,
  });

  readonly alerts = (): readonly Alert[] => [...this.#alerts.values()];

  readonly statusOf = ({ labels }: Alert): AlertStatus => {
    const silencedBy = this.#store.query({ states: ['active'], labels }).map(({ id }) => id);
    const inhibition = this.#inhibitor.inhibitionOf(labels, this.clock.nowMs());
    const inhibitedBy = inhibition === undefined ? [] : [inhibition.source.fingerprint];
    const state = silencedBy.length + inhibitedBy.length > 0 ? 'suppressed' : 'active';
    return { state, silencedBy, inhibitedBy, mutedBy: [] };
  };

  readonly groups = (): readonly GroupView[] =>
    this.#dispatcher.groups.map(({ route, labels }) => ({
      route,
      labels,
      alerts: this.alerts().filter(
        (alert) => labels.get('alertname') === alert.labels.get('alertname') && isOf(route, alert, this.#root),
      ),
      mutedBy: intervalsAt(route.options.muteTimeIntervals, this.parsed.timeIntervals, this.clock.nowMs()),
      routeLabels: () => route.options.labels,
    }));

  readonly post = async (alerts: readonly PostedAlert[]): Promise<void> => {
    if (this.failure !== undefined) throw this.failure;
    for (const alert of alerts) {
      this.posted.push(alert);
      this.#alerts.set(alert.fingerprint, alert);
      this.#inhibitor.set(alert);
      this.#dispatcher.set(alert);
    }
  };

  readonly cluster: ApiWorld['cluster'] = () => ({
    status: 'ready',
    name: 'vigie-0',
    peers: [
      { name: 'vigie-1', address: '127.0.0.1:9094' },
      { name: 'vigie-0', address: '127.0.0.1:9093' },
    ],
  });
}

function isOf(route: Route, { labels }: Alert, root: Route): boolean {
  return matchRoutes(root, labels).includes(route);
}

/** The API over it, below /alertmanager and at the root, as `vigie up` and `vigie alerting` have it. */
export async function apiOver(
  world: MemoryWorld,
  prefix = '',
  deps: Partial<AlertsApiDeps> = {},
): Promise<{ readonly app: FastifyInstance; readonly counts: AlertsApiCounts }> {
  const counts = new AlertsApiCounts(() => {});
  const app = fastify();
  const log = createLog('error', { write: () => {} });
  await app.register(alertmanagerApi(world, { version: '1.2.3', clock: world.clock, log, counts, ...deps }), {
    prefix,
  });
  await app.register(
    explainApi(world, () => world.parsed),
    { prefix },
  );
  return { app, counts };
}

export async function listening(world: MemoryWorld, prefix = ''): Promise<string> {
  const { app } = await apiOver(world, prefix);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    await app.close();
    await world.close();
  });
  return address;
}
