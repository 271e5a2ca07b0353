/** Silences that are to hold until what they silence is over: which of them that is so of. What fires is looked at again and again, and an alert
 *  that is only away for a moment does not end them. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { type Silence, silences, UNTIL, UNTIL_RESOLVED } from './silence.ts';

/** An alert that is away for an evaluation, or for a scrape, is back by then. */
export const ENDS_AFTER_MS = 5 * 60_000;

export class UntilResolved {
  /** By the ids of silences: when something that each silences was seen to fire last, or the silence first, by the monotonic clock. */
  readonly #seenAtMs = new Map<string, number>();

  /** @param active silences that hold now
   *  @param firing labels of the alerts that fire
   *  @param afterMs for how long nothing has to fire
   *  @returns ids of those that are to end
   *  Cost: a match of each alert, for each such silence, until one fires. */
  over(
    active: readonly Silence[],
    firing: () => readonly LabelSet[],
    { monotonicMs, afterMs }: { readonly monotonicMs: number; readonly afterMs: number },
  ): readonly string[] {
    const asked = active.filter(({ annotations }) => annotations[UNTIL] === UNTIL_RESOLVED);
    this.#forgetOthers(asked);
    if (asked.length === 0) return [];
    const alerts = firing();
    return asked.flatMap((silence) => {
      const { id } = silence;
      const seenAtMs = this.#seenAtMs.get(id);
      if (seenAtMs === undefined || alerts.some((labels) => silences(silence, labels))) {
        this.#seenAtMs.set(id, monotonicMs);
        return [];
      }
      return monotonicMs - seenAtMs >= afterMs ? [id] : [];
    });
  }

  #forgetOthers(asked: readonly Silence[]): void {
    const ids = new Set(asked.map(({ id }) => id));
    for (const id of this.#seenAtMs.keys()) if (!ids.has(id)) this.#seenAtMs.delete(id);
  }
}
