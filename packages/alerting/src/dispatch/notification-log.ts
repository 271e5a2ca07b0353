/** What has been told to whom, and whether to tell more. Source: Alertmanager, notify/dedup_stage.go and nflog/nflog.go. */
import type { KeptValues } from '../receivers/integration.ts';
import type { Alert } from './alert.ts';
import type { Flush } from './alert-group.ts';
import { afterTelling, TO_NOBODY, type ToldInPlace } from './told-in-place.ts';

/** In Alertmanager's words, which templates see. */
export type NotificationReason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed';

export interface NotificationEntry {
  /** Of the flush that was told last. */
  readonly timeMs: number;
  /** Fingerprints of the alerts that it told of. */
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
  /** Of alerts that were told of as firing, then or before, and not yet as resolved: where the receiver is owed that. */
  readonly owed: ReadonlySet<string>;
  /** What fallback receivers were told in its place, and have to hear of the end of as well. */
  readonly inPlace: ToldInPlace;
  /** Unix ms, from when on it may be forgotten. */
  readonly expiresAtMs: number;
  /** What the integration has kept since the group was told first. */
  readonly kept?: KeptValues | undefined;
}

/** What has come of telling a flush. */
export interface ToldBy {
  /** Whether the integration was told itself, or had nothing to hear; if not, the fallback was in its place, and it is still owed the ends. */
  readonly own: boolean;
  /** Ids of the integrations of the fallback that were told, and hear of ends. */
  readonly inPlace: readonly string[];
  readonly kept: KeptValues | undefined;
}

const NOTHING: ReadonlySet<string> = new Set();
const TOLD: ToldBy = { own: true, inPlace: [], kept: undefined };

export interface NotificationRules {
  readonly sendResolved: boolean;
  readonly repeatIntervalMs: number;
  /** Whether it is told of the end of every alert that it was told of, muted or not. */
  readonly owesResolves: boolean;
}

/** Why the flush is to be told; undefined where it is not. A group all of whose alerts are resolved is, whether or not the receiver wants to
 *  hear of it: the log has to forget that they fire. */
export function notificationReason(
  entry: NotificationEntry | undefined,
  flush: Flush,
  { sendResolved, repeatIntervalMs }: Pick<NotificationRules, 'sendResolved' | 'repeatIntervalMs'>,
): NotificationReason | undefined {
  const { firing, resolved } = fingerprintsOf(flush);
  if (entry === undefined) return firing.size > 0 ? 'first notification' : undefined;
  if (!isSubset(firing, entry.firing)) return entry.firing.size === 0 ? 'first notification' : 'new alerts added';
  if (firing.size === 0) return entry.firing.size > 0 ? 'all alerts resolved' : undefined;
  if (sendResolved && !isSubset(resolved, entry.resolved)) return 'some alerts resolved';
  // One of the future is of a clock that has been set back since: rather told twice than not until that time comes again.
  const isDue = entry.timeMs < flush.timeMs - repeatIntervalMs || entry.timeMs > flush.timeMs;
  return isDue ? 'repeat interval elapsed' : undefined;
}

export class NotificationLog {
  readonly #retentionMs: number;
  readonly #entries = new Map<string, NotificationEntry>();

  /** @param retentionMs after which an entry is forgotten at the latest; after two repeat intervals without a notification it is in any case */
  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  /** @param key of the group
   *  @param integration `shop/webhook/0` */
  get(key: string, integration: string): NotificationEntry | undefined {
    return this.#entries.get(entryKey(key, integration));
  }

  /** After the flush has been told, or where there was nothing to send for it.
   *  @returns what is known now */
  record(
    key: string,
    integration: string,
    flush: Flush,
    { repeatIntervalMs, owesResolves }: NotificationRules,
    toldBy: ToldBy = TOLD,
  ): NotificationEntry {
    const before = this.get(key, integration);
    const { firing, resolved } = fingerprintsOf(flush);
    const owed = new Set(owesResolves ? [...(before?.owed ?? []), ...firing] : []);
    if (toldBy.own) for (const fingerprint of resolved) owed.delete(fingerprint);
    const inPlace = afterTelling(before?.inPlace ?? TO_NOBODY, toldBy.inPlace, { firing, resolved });
    // What is owed is remembered for as long as may be.
    const keptMs = owed.size + inPlace.size > 0 ? this.#retentionMs : Math.min(this.#retentionMs, 2 * repeatIntervalMs);
    const entry: NotificationEntry = {
      timeMs: flush.timeMs,
      firing,
      resolved,
      owed,
      inPlace,
      expiresAtMs: flush.timeMs + keptMs,
      kept: toldBy.kept,
    };
    this.restore(key, integration, entry);
    return entry;
  }

  /** After a flush has been told that somebody else has gone on from meanwhile: what is known holds, and the ends of what it told of are owed, too.
   *  @param told as inPlace of ToldBy
   *  @returns what is known now; undefined: what was */
  recordLate(
    key: string,
    integration: string,
    flush: Flush,
    { owesResolves }: Pick<NotificationRules, 'owesResolves'>,
    told: readonly string[],
  ): NotificationEntry | undefined {
    const known = this.get(key, integration);
    if (known === undefined) return undefined;
    const more = [...fingerprintsOf(flush).firing].filter((one) => !known.resolved.has(one));
    const owed = owesResolves ? new Set([...known.owed, ...more]) : known.owed;
    const isMoreInPlace = told.some((id) => more.some((one) => known.inPlace.get(id)?.has(one) !== true));
    if (owed.size === known.owed.size && !isMoreInPlace) return undefined;
    const inPlace = afterTelling(known.inPlace, told, { firing: more, resolved: [] });
    const expiresAtMs = Math.max(known.expiresAtMs, known.timeMs + this.#retentionMs);
    const entry = { ...known, owed, inPlace, expiresAtMs };
    this.restore(key, integration, entry);
    return entry;
  }

  /** Integrations that were told in the place of this one have heard of ends; nothing else is told.
   *  @param told their ids
   *  @param resolved fingerprints
   *  @returns what is known now; undefined: nothing */
  recordEndsInPlace(
    key: string,
    integration: string,
    told: readonly string[],
    resolved: Iterable<string>,
  ): NotificationEntry | undefined {
    const known = this.get(key, integration);
    if (known === undefined) return undefined;
    const entry = { ...known, inPlace: afterTelling(known.inPlace, told, { firing: [], resolved }) };
    this.restore(key, integration, entry);
    return entry;
  }

  /** Takes an entry as it was stored. */
  restore(key: string, integration: string, entry: NotificationEntry): void {
    this.#entries.set(entryKey(key, integration), entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  *all(): Generator<{ readonly group: string; readonly integration: string; readonly entry: NotificationEntry }> {
    for (const [key, entry] of this.#entries) {
      const [group = '', integration = ''] = key.split('\n');
      yield { group, integration, entry };
    }
  }

  /** By the keys of groups: fingerprints of the alerts whose end somebody is still to be told of. */
  owed(): ReadonlyMap<string, ReadonlySet<string>> {
    const owed = new Map<string, Set<string>>();
    for (const { group, integration, entry } of this.all()) {
      const fingerprints = owed.get(group) ?? new Set();
      owed.set(group, fingerprints);
      for (const fingerprint of entry.firing) fingerprints.add(fingerprint);
      for (const fingerprint of endsOwed(integration, entry)) fingerprints.add(fingerprint);
    }
    return owed;
  }

  /** Forgets what has expired: until then it counts, as in Alertmanager.
   *  @param isHeld whether a group is not repeated now: what was told of it is no older than it seems
   *  @returns how many were forgotten */
  collectGarbage(nowMs: number, isHeld: (group: string) => boolean = () => false): number {
    const expired = [...this.all()].filter(({ group, entry }) => entry.expiresAtMs <= nowMs && !isHeld(group));
    for (const { group, integration } of expired) this.#entries.delete(entryKey(group, integration));
    return expired.length;
  }
}

/** Fingerprints of alerts whose end is still to be told to the integration, or to whom was told in its place.
 *  @param isKnown whether there is an integration with this id: to others there is nothing to tell. All unless given */
export function endsOwed(
  integration: string,
  { owed, inPlace }: Pick<NotificationEntry, 'owed' | 'inPlace'>,
  isKnown: (id: string) => boolean = () => true,
): ReadonlySet<string> {
  const own = isKnown(integration) ? owed : NOTHING;
  if (inPlace.size === 0) return own;
  const others = [...inPlace].flatMap(([id, fingerprints]) => (isKnown(id) ? [...fingerprints] : []));
  return new Set([...own, ...others]);
}

/** A group's key holds no line feed, which its labels would have as an escape. */
function entryKey(key: string, integration: string): string {
  return `${key}\n${integration}`;
}

function fingerprintsOf({ alerts, resolved }: Flush): Pick<NotificationEntry, 'firing' | 'resolved'> {
  const ended = new Set(resolved.map(({ fingerprint }: Alert) => fingerprint));
  const firing = alerts.map(({ fingerprint }) => fingerprint).filter((fingerprint) => !ended.has(fingerprint));
  return { firing: new Set(firing), resolved: ended };
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  for (const one of part) if (!whole.has(one)) return false;
  return true;
}
