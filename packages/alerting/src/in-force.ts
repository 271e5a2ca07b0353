/** What the configuration decides of the engine of alerts: replaced as a whole by a reload. */
import type { EngineDeps, EngineSettings } from './engine-settings.ts';
import type { Escalations } from './escalation/escalations.ts';
import { Inhibitor } from './inhibition/inhibitor.ts';
import { pendingInhibitions } from './inhibition/pending-sources.ts';
import { DeliveryPlan } from './notify/delivery-plan.ts';
import type { MutingWorld } from './notify/muting.ts';
import { Notifier } from './notify/notifier.ts';
import type { RateLimits } from './notify/rate-limits.ts';
import { NO_OPTIONS, type Receiver } from './notify/receiver.ts';
import { buildRoutes, type Route } from './routing/route.ts';
import type { AlertingState } from './state/alerting-state.ts';
import type { StateRecord } from './state/state-record.ts';

export interface InForce {
  readonly root: Route;
  /** By their names. */
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly inhibitor: Inhibitor;
  readonly muting: MutingWorld;
  readonly plan: DeliveryPlan;
  readonly notifier: Notifier;
}

/** What outlives it. */
export interface LastingParts {
  readonly state: AlertingState;
  readonly escalations: Escalations;
  readonly limits: RateLimits;
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
}

export function inForce(settings: EngineSettings, deps: EngineDeps, parts: LastingParts): InForce {
  const { config, options, receiverOptions, integrationsOf } = settings;
  const { clock, random, log, counts, record, gatherContext, pendingAlerts, replication } = deps;
  const { state, persist, escalations, limits } = parts;
  const { inhibitionHoldMs: holdMs = 0 } = options;
  const inhibitor = new Inhibitor(config.inhibitRules);
  const receivers = new Map(
    config.receivers.map((receiver) => {
      const { name } = receiver;
      const integrations = integrationsOf(receiver);
      return [name, { name, integrations, options: receiverOptions.get(name) ?? NO_OPTIONS }] as const;
    }),
  );
  const muting: MutingWorld = {
    inhibitor,
    timeIntervals: config.timeIntervals,
    activeSilences: () => state.silences.active(),
    pending:
      holdMs > 0 && pendingAlerts !== undefined
        ? () => pendingInhibitions(config.inhibitRules, pendingAlerts, holdMs)
        : undefined,
  };
  const ownsGroup = replication === undefined ? undefined : (key: string) => replication.ownsGroup(key);
  limits.apply(receivers.values());
  const plan = new DeliveryPlan(receivers, { clock, random, log, counts, record, ownsGroup, limits: limits.all });
  const notifier = new Notifier(
    {
      ...options,
      receivers,
      muting,
    },
    {
      clock,
      plan,
      notifications: state.notifications,
      outbox: state.outbox,
      ownsGroup,
      persist,
      counts,
      record,
      log,
      gatherContext,
      escalations,
    },
  );
  return { root: buildRoutes(config.route), receivers, inhibitor, muting, plan, notifier };
}
