/** Rows of a vector by the group they are in. */
import type { LabelSet } from '../../labels/label-set.ts';
import { METRIC_NAME } from '../../labels/label-set.ts';
import type { VectorBlock } from '../block.ts';
import type { Evaluation } from '../evaluation.ts';
import { isMetadataName, type Projection } from '../label-cache.ts';
import type { AggregationPlan } from '../plan.ts';

/** Of rows that come in parts. */
export class Groups {
  /** Of each group, in the order in which they come up. */
  readonly labels: LabelSet[] = [];
  readonly #projection: Projection;
  readonly #keepsMost: boolean;
  /** Equal label sets are one object: no key is made for a series that was seen before. */
  readonly #indexOf = new Map<LabelSet, number>();
  readonly #keepsNames: boolean;
  #ofRow = new Int32Array(0);
  #last: LabelSet | undefined;
  #lastIndex = 0;
  #areDistinct = true;

  constructor(evaluation: Evaluation, { grouping, without }: AggregationPlan) {
    this.#projection = without
      ? evaluation.labels.dropping([...grouping, METRIC_NAME])
      : evaluation.labels.keeping(grouping);
    this.#keepsMost = without;
    this.#keepsNames = !without && grouping.some(isMetadataName);
  }

  /** See VectorBlock. */
  get areDistinct(): boolean {
    return this.#areDistinct && !this.#keepsNames;
  }

  /** @returns the group of each row, until it is asked again */
  ofRows({ labels, isDistinct }: VectorBlock): Int32Array {
    if (this.#ofRow.length < labels.length) this.#ofRow = new Int32Array(labels.length);
    const ofRow = this.#ofRow;
    for (let row = 0; row < labels.length; row++) ofRow[row] = this.#indexFor(this.#projection.of(labels[row]!));
    if (this.#keepsMost && !isDistinct) this.#areDistinct = false;
    return ofRow;
  }

  /** Series of one group mostly come one after the other. */
  #indexFor(group: LabelSet): number {
    if (group === this.#last) return this.#lastIndex;
    let index = this.#indexOf.get(group);
    if (index === undefined) {
      index = this.labels.length;
      this.labels.push(group);
      this.#indexOf.set(group, index);
    }
    this.#last = group;
    this.#lastIndex = index;
    return index;
  }
}
