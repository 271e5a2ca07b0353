/** The alerts that there are, in memory: each once, by its labels. Bounded; what is not taken is counted. Source: Alertmanager,
 *  provider/mem/mem.go. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { isResolved } from '../dispatch/alert.ts';
import { mergeAlert } from './merge-alert.ts';
import type { PostedAlert } from './posted-alert.ts';

export interface AlertLimits {
  /** Of alerts at a time, those resolved since the last garbage collection among them. */
  readonly alerts: number;
  /** Of the labels and annotations of one alert, in UTF-16 units. */
  readonly alertSize: number;
}

/** Ten times what the benchmark has firing at once; at 2 KB each they take 200 MB. */
export const DEFAULT_ALERT_LIMITS: AlertLimits = { alerts: 100_000, alertSize: 64 * 1024 };

export type AlertRefusal = 'too_many' | 'too_large';

export interface PutAlerts {
  /** As they are in the store now. */
  readonly taken: readonly PostedAlert[];
  /** Those of them that are new, or differ in more than in how long they go on. */
  readonly changed: readonly PostedAlert[];
  readonly refused: readonly { readonly alert: PostedAlert; readonly reason: AlertRefusal }[];
}

export class AlertStore {
  readonly counts = { firing: 0, resolved: 0 };
  readonly refused: Record<AlertRefusal, number> = { too_many: 0, too_large: 0 };
  readonly #alerts = new Map<string, PostedAlert>();
  /** Fingerprints, sorted; undefined where one has come or gone since. */
  #order: readonly string[] | undefined;
  #limits: AlertLimits;

  constructor(limits: AlertLimits) {
    this.#limits = limits;
  }

  /** Those over it stay. */
  set limits(limits: AlertLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#alerts.size;
  }

  all(): IterableIterator<PostedAlert> {
    return this.#alerts.values();
  }

  /** By fingerprint. Alerts that come again are where they were: whoever asks for one page after the other pays for the order once. */
  sorted(): readonly PostedAlert[] {
    this.#order ??= [...this.#alerts.keys()].sort();
    return this.#order.flatMap((fingerprint) => this.#alerts.get(fingerprint) ?? []);
  }

  get(fingerprint: string): PostedAlert | undefined {
    return this.#alerts.get(fingerprint);
  }

  /** Merges them with those that have the same labels. Where there are as many as may be, new ones are refused, and known ones still taken. */
  put(alerts: readonly PostedAlert[], nowMs: number): PutAlerts {
    const taken: PostedAlert[] = [];
    const changed: PostedAlert[] = [];
    const refused: { alert: PostedAlert; reason: AlertRefusal }[] = [];
    for (const alert of alerts) {
      const known = this.#alerts.get(alert.fingerprint);
      const reason = this.#refusalOf(alert, known);
      if (reason !== undefined) {
        this.refused[reason] += 1;
        refused.push({ alert, reason });
        continue;
      }
      this.counts[isResolved(alert, nowMs) ? 'resolved' : 'firing'] += 1;
      const merged = known === undefined ? alert : mergeAlert(known, alert, nowMs);
      this.#set(merged);
      taken.push(merged);
      if (known === undefined || !onlyGoesOn(known, merged)) changed.push(merged);
    }
    return { taken, changed, refused };
  }

  /** Takes one as it was stored. */
  restore(alert: PostedAlert): void {
    this.#set(alert);
  }

  /** Forgets those that are resolved.
   *  @param isOwed whether somebody is still to be told of its end: a reload, or a restart, must find it */
  collectGarbage(nowMs: number, isOwed: (fingerprint: string) => boolean): void {
    for (const [fingerprint, alert] of this.#alerts) {
      if (isResolved(alert, nowMs) && !isOwed(fingerprint)) this.#alerts.delete(fingerprint);
    }
    this.#order = undefined;
  }

  #set(alert: PostedAlert): void {
    const before = this.#alerts.size;
    this.#alerts.set(alert.fingerprint, alert);
    if (this.#alerts.size > before) this.#order = undefined;
  }

  #refusalOf(alert: PostedAlert, known: PostedAlert | undefined): AlertRefusal | undefined {
    if (sizeOf(alert) > this.#limits.alertSize) return 'too_large';
    return known === undefined && this.#alerts.size >= this.#limits.alerts ? 'too_many' : undefined;
  }
}

function onlyGoesOn(known: PostedAlert, next: PostedAlert): boolean {
  return (
    (next.endsAtMs ?? Number.POSITIVE_INFINITY) >= (known.endsAtMs ?? Number.POSITIVE_INFINITY) &&
    next.startsAtMs === known.startsAtMs &&
    next.hasTimeout === known.hasTimeout &&
    next.generatorUrl === known.generatorUrl &&
    next.annotations.compare(known.annotations) === 0
  );
}

function sizeOf({ labels, annotations, generatorUrl }: PostedAlert): number {
  return generatorUrl.length + lengthOf(labels) + lengthOf(annotations);
}

function lengthOf({ names, values }: LabelSet): number {
  let length = 0;
  for (let at = 0; at < names.length; at++) length += names[at]!.length + values[at]!.length;
  return length;
}
