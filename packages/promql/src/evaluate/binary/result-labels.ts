/** Labels of what comes out of an operation between vectors. */
import type { LabelSet } from '../../labels/label-set.ts';
import type { VectorMatching } from '../../syntax/ast.ts';
import { changesMeaning } from '../../syntax/operators.ts';
import type { Evaluation } from '../evaluation.ts';
import type { BinaryPlan } from '../plan.ts';

export class ResultLabels {
  readonly #matching: VectorMatching;
  readonly #project: (labels: LabelSet) => LabelSet;
  readonly #dropsAtOnce: boolean;
  readonly #evaluation: Evaluation;
  /** Labels of the many side, where nothing of the other side is included. */
  readonly #known = new Map<LabelSet, LabelSet>();

  constructor(evaluation: Evaluation, plan: BinaryPlan, matching: VectorMatching) {
    const { cardinality, on, labels } = matching;
    this.#evaluation = evaluation;
    this.#matching = matching;
    this.#dropsAtOnce = changesMeaning(plan.operator) || (plan.returnBool && !evaluation.delayedNameRemoval);
    const projection =
      cardinality !== 'one-to-one'
        ? undefined
        : on
          ? evaluation.labels.keeping(labels)
          : evaluation.labels.dropping(labels);
    this.#project = (of) => projection?.of(of) ?? of;
  }

  /** @param many, one of the two sides */
  of(many: LabelSet, one: LabelSet): LabelSet {
    let labels = this.#known.get(many);
    if (labels === undefined) {
      labels = this.#project(this.#dropsAtOnce ? this.#evaluation.labels.withoutMetadata(many) : many);
      this.#known.set(many, labels);
    }
    for (const name of this.#matching.include) labels = labels.with(name, one.get(name));
    return labels;
  }
}
