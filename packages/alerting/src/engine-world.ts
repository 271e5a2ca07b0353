/** The engine as its HTTP API sees it. */
import type { Clock } from '@vigie/core/clock';
import type { AlertStatus, ApiWorld } from './api/api-world.ts';
import type { WrittenAlertmanager } from './config/alerting-config.ts';
import type { Alert } from './dispatch/alert.ts';
import type { AlertEngine } from './engine.ts';
import { mutingIntervals } from './notify/muting.ts';
import { silences } from './silences/silence.ts';
import type { RouteLabelsOf } from './templates/route-labels.ts';

export interface EngineWorldOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly startedAtMs: number;
  /** Of now. */
  readonly alertmanager: () => WrittenAlertmanager;
  /** Of this replica: `10.0.0.7:9093`. */
  readonly self: () => Peer;
  /** All replicas that live, this one among them. */
  readonly peers: () => readonly Peer[];
  /** Of now. */
  readonly routeLabelsOf: RouteLabelsOf;
}

interface Peer {
  readonly name: string;
  readonly address: string;
}

export function engineWorld(
  engine: AlertEngine,
  { clock, startedAtMs, alertmanager, self, peers, routeLabelsOf }: EngineWorldOptions,
): ApiWorld {
  return {
    clock,
    startedAtMs,
    config: () => {
      const { text, config } = alertmanager();
      const { receivers, global } = config;
      return { text, receivers, root: engine.root, resolveTimeoutMs: global.resolveTimeoutMs };
    },
    alerts: () => engine.state.alerts.sorted(),
    statusOf: (alert) => statusOf(engine, alert, clock.nowMs()),
    groups: () => {
      const { timeIntervals } = engine.config;
      return engine.groups.map(({ route, labels, alerts }) => ({
        route,
        labels,
        alerts,
        mutedBy: mutedBy(route),
        routeLabels: () => routeLabelsOf({ route, labels, alerts }, clock.nowMs()),
      }));

      function mutedBy(route: AlertEngine['root']): readonly string[] {
        const { cause, names } = mutingIntervals(route, timeIntervals, clock.nowMs());
        return cause === undefined ? [] : names;
      }
    },
    post: (alerts) => engine.post(alerts),
    silences: {
      query: (query) => engine.state.silences.query(query),
      set: (content, id) => engine.setSilence(content, id),
      expire: (id) => engine.expireSilence(id),
    },
    cluster: () => ({ status: 'ready', name: self().name, peers: peers() }),
  };
}

/** By the silences and inhibitions of now. */
function statusOf({ state, inhibitor }: AlertEngine, { labels }: Alert, nowMs: number): AlertStatus {
  const silencedBy = state.silences.active().flatMap((one) => (silences(one, labels) ? [one.id] : []));
  const inhibition = inhibitor.inhibitionOf(labels, nowMs);
  const inhibitedBy = inhibition === undefined ? [] : [inhibition.source.fingerprint];
  const isSuppressed = silencedBy.length + inhibitedBy.length > 0;
  return { state: isSuppressed ? 'suppressed' : 'active', silencedBy, inhibitedBy, mutedBy: [] };
}
