/** Labels of what comes out of an operation between vectors. */
import type { LabelSet } from '../../labels/label-set.ts';
import type { VectorMatching } from '../../syntax/ast.ts';
import { changesMeaning } from '../../syntax/operators.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Projection } from '../label-cache.ts';
import type { BinaryPlan } from '../plan.ts';

export class ResultLabels {
  readonly #matching: VectorMatching;
  readonly #project: (labels: LabelSet) => LabelSet;
  readonly #dropsAtOnce: boolean;
  readonly #evaluation: Evaluation;
  /** What is included of the labels of the other side. */
  readonly #included: Projection | undefined;

  constructor(evaluation: Evaluation, plan: BinaryPlan, matching: VectorMatching) {
    const { cardinality, on, labels, include } = matching;
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
    this.#included = include.length === 0 ? undefined : evaluation.labels.keeping(include);
  }

  /** @param many, one of the two sides */
  of(many: LabelSet, one: LabelSet): LabelSet {
    const own = this.#project(this.#dropsAtOnce ? this.#evaluation.labels.withoutMetadata(many) : many);
    const part = this.#included?.of(one);
    if (part === undefined) return own;
    // A part is of one way to include, so that it says which labels are set, and to what.
    let labels = own.derivedBy(part);
    if (labels === undefined) {
      labels = own;
      for (const name of this.#matching.include) labels = labels.with(name, part.get(name));
      own.rememberDerived(part, labels);
    }
    return labels;
  }
}
