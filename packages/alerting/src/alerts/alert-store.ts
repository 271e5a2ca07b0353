/** The alerts that there are, in memory: each once, by its labels. Bounded; what is not taken is counted. Source: Alertmanager,
 *  provider/mem/mem.go. */
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
  readonly refused: readonly { readonly alert: PostedAlert; readonly reason: AlertRefusal }[];
}

export class AlertStore {
  readonly counts = { firing: 0, resolved: 0 };
  readonly refused: Record<AlertRefusal, number> = { too_many: 0, too_large: 0 };
  readonly #alerts = new Map<string, PostedAlert>();
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

  get(fingerprint: string): PostedAlert | undefined {
    return this.#alerts.get(fingerprint);
  }

  /** Merges them with those that have the same labels. Where there are as many as may be, new ones are refused, and known ones still taken. */
  put(alerts: readonly PostedAlert[], nowMs: number): PutAlerts {
    const taken: PostedAlert[] = [];
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
      this.#alerts.set(merged.fingerprint, merged);
      taken.push(merged);
    }
    return { taken, refused };
  }

  /** Takes one as it was stored. */
  restore(alert: PostedAlert): void {
    this.#alerts.set(alert.fingerprint, alert);
  }

  /** Forgets those that are resolved. Whoever is still to be told of one has it. */
  collectGarbage(nowMs: number): void {
    for (const [fingerprint, alert] of this.#alerts) if (isResolved(alert, nowMs)) this.#alerts.delete(fingerprint);
  }

  #refusalOf(alert: PostedAlert, known: PostedAlert | undefined): AlertRefusal | undefined {
    if (sizeOf(alert) > this.#limits.alertSize) return 'too_large';
    return known === undefined && this.#alerts.size >= this.#limits.alerts ? 'too_many' : undefined;
  }
}

function sizeOf({ labels, annotations, generatorUrl }: PostedAlert): number {
  let size = generatorUrl.length;
  for (const set of [labels, annotations])
    for (const [name, value] of set.entries()) size += name.length + value.length;
  return size;
}
