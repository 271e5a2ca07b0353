/** Why alerts of a flush are not told now. Source: Alertmanager, notify/mute.go and notify/time_interval; stages in the order of notify/notify.go. */
import type { Alert } from '../dispatch/alert.ts';
import type { Inhibitor } from '../inhibition/inhibitor.ts';
import type { Route } from '../routing/route.ts';
import { type Silence, silences } from '../silences/silence.ts';
import { intervalsAt, type TimeIntervals } from '../time-intervals/contains-time.ts';

export type MuteCause = 'inhibition' | 'active_time_interval' | 'mute_time_interval' | 'silence';

export interface Mute {
  readonly cause: MuteCause;
  /** Fingerprint of the alert that inhibits it, id of the silence, or names of the time intervals. */
  readonly by: string;
}

export interface MutingWorld {
  readonly inhibitor: Pick<Inhibitor, 'inhibitionOf'>;
  readonly timeIntervals: TimeIntervals;
  /** Those that are active now. */
  readonly activeSilences: () => readonly Silence[];
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
  { inhibitor, timeIntervals, activeSilences }: MutingWorld,
): ReadonlyMap<string, Mute> {
  const mutes = new Map<string, Mute>();
  const { cause: ofRoute, names } = mutingIntervals(route, timeIntervals, timeMs);
  const active = activeSilences();
  for (const { fingerprint, labels } of alerts) {
    const inhibition = inhibitor.inhibitionOf(labels, timeMs);
    if (inhibition !== undefined) mutes.set(fingerprint, { cause: 'inhibition', by: inhibition.source.fingerprint });
    else if (ofRoute !== undefined) mutes.set(fingerprint, { cause: ofRoute, by: names.join(', ') });
    else {
      const silence = active.find((one) => silences(one, labels));
      if (silence !== undefined) mutes.set(fingerprint, { cause: 'silence', by: silence.id });
    }
  }
  return mutes;
}
