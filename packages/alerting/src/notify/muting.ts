/** Why alerts of a flush are not told now. Source: Alertmanager, notify/mute.go and notify/time_interval; stages in the order of notify/notify.go. */
import type { InhibitRule } from '../config/inhibition-section.ts';
import type { Alert } from '../dispatch/alert.ts';
import type { Inhibitor } from '../inhibition/inhibitor.ts';
import type { pendingInhibitions } from '../inhibition/pending-sources.ts';
import type { Route } from '../routing/route.ts';
import { type Silence, silences } from '../silences/silence.ts';
import { intervalsAt, type TimeIntervals } from '../time-intervals/contains-time.ts';

export type MuteCause = 'inhibition' | 'active_time_interval' | 'mute_time_interval' | 'silence';

export interface Mute {
  readonly cause: MuteCause;
  /** Fingerprint of the alert that inhibits it, id of the silence, or names of the time intervals. */
  readonly by: string;
  /** By which the alert inhibits. */
  readonly rule?: InhibitRule | undefined;
  /** When to look again, though no flush of its group is due then; undefined: with the next flush. */
  readonly untilMs?: number | undefined;
}

export interface MutingWorld {
  readonly inhibitor: Pick<Inhibitor, 'inhibitionOf'>;
  readonly timeIntervals: TimeIntervals;
  /** Those that are active now. */
  readonly activeSilences: () => readonly Silence[];
  /** For one look: what an alert waits for that is pending, and would inhibit it; undefined: none waits. */
  readonly pending?: (() => ReturnType<typeof pendingInhibitions>) | undefined;
}

/** Names of the time intervals by which the route tells nothing then: those that mute it, or, outside of all of them, those in which it
 *  is active. */
export function mutingIntervals({ options }: Route, timeIntervals: TimeIntervals, timeMs: number): MutingIntervals {
  const { activeTimeIntervals: active, muteTimeIntervals: mute } = options;
  if (active.length > 0 && intervalsAt(active, timeIntervals, timeMs).length === 0)
    return { cause: 'active_time_interval', names: active };
  const names = intervalsAt(mute, timeIntervals, timeMs);
  return { cause: names.length > 0 ? 'mute_time_interval' : undefined, names };
}

export interface MutingIntervals {
  /** undefined: none mutes. */
  readonly cause: 'active_time_interval' | 'mute_time_interval' | undefined;
  readonly names: readonly string[];
}

/** @returns by fingerprint, the first cause of each alert that is muted
 *  Cost: alerts times (inhibition rules + active silences). */
export function muteCauses(
  route: Route,
  alerts: readonly Alert[],
  timeMs: number,
  { inhibitor, timeIntervals, activeSilences, pending }: MutingWorld,
): ReadonlyMap<string, Mute> {
  const mutes = new Map<string, Mute>();
  const { cause: ofRoute, names } = mutingIntervals(route, timeIntervals, timeMs);
  const active = activeSilences();
  const waitsFor = pending?.();
  for (const alert of alerts) {
    const { fingerprint, labels } = alert;
    const inhibition = inhibitor.inhibitionOf(labels, timeMs);
    if (inhibition !== undefined) {
      const { rule, source } = inhibition;
      mutes.set(fingerprint, { cause: 'inhibition', by: source.fingerprint, rule });
    } else if (ofRoute !== undefined) mutes.set(fingerprint, { cause: ofRoute, by: names.join(', ') });
    else {
      const silence = active.find((one) => silences(one, labels));
      const waiting = silence === undefined ? waitsFor?.(alert, timeMs) : undefined;
      if (silence !== undefined) mutes.set(fingerprint, { cause: 'silence', by: silence.id });
      else if (waiting !== undefined) mutes.set(fingerprint, { cause: 'inhibition', ...waiting });
    }
  }
  return mutes;
}
