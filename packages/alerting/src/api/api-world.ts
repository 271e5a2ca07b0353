/** What the API tells of, and to whom it hands what it is given. */
import type { Clock } from '@vigie/core/clock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import type { ReceiverConfig } from '../config/receiver-section.ts';
import type { Alert } from '../dispatch/alert.ts';
import type { Route } from '../routing/route.ts';
import type { Silence, SilenceContent } from '../silences/silence.ts';
import type { SilenceStore } from '../silences/silence-store.ts';

export interface AlertStatus {
  readonly state: 'unprocessed' | 'active' | 'suppressed';
  /** Ids of silences. */
  readonly silencedBy: readonly string[];
  /** Fingerprints of alerts. */
  readonly inhibitedBy: readonly string[];
  /** Names of time intervals. */
  readonly mutedBy: readonly string[];
}

export interface GroupView {
  readonly route: Route;
  readonly labels: LabelSet;
  readonly alerts: readonly Alert[];
  /** Names of time intervals. */
  readonly mutedBy: readonly string[];
  /** Those of the route, templates in them expanded: only where they are shown. */
  readonly routeLabels: () => Readonly<Record<string, string>>;
}

export interface ApiWorld {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly startedAtMs: number;
  /** Of now: changes by a reload. */
  readonly config: () => {
    readonly text: string;
    readonly receivers: readonly ReceiverConfig[];
    readonly root: Route;
    readonly resolveTimeoutMs: number;
  };
  /** All known, resolved ones among them. */
  readonly alerts: () => readonly Alert[];
  readonly statusOf: (alert: Alert) => AlertStatus;
  readonly groups: () => readonly GroupView[];
  /** Resolves when they are durable. */
  readonly post: (alerts: readonly PostedAlert[]) => Promise<void>;
  /** Durable when resolved. */
  readonly silences: {
    readonly query: SilenceStore['query'];
    readonly set: (content: SilenceContent, id?: string) => Promise<Silence>;
    readonly expire: (id: string) => Promise<Silence>;
  };
  readonly cluster: () => {
    readonly status: 'ready' | 'settling' | 'disabled';
    readonly name: string;
    readonly peers: readonly { readonly name: string; readonly address: string }[];
  };
}
