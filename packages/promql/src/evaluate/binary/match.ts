/** Arithmetic and comparisons between vectors: one to one, or many to one. Source: Prometheus, promql/engine.go,
 *  VectorBinop. */
import type { LabelSet } from '../../labels/label-set.ts';
import type { VectorMatching } from '../../syntax/ast.ts';
import { describeLabels } from '../../text/labels.ts';
import type { Annotation } from '../annotations.ts';
import { ABSENT, FLOAT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock } from '../evaluation.ts';
import { evaluationError, SAME_LABELS } from '../failure.ts';
import { dropEmptyRows } from '../map-rows.ts';
import { mergeRows } from '../merge-rows.ts';
import type { BinaryPlan } from '../plan.ts';
import { Pairing } from './elements.ts';
import { ResultLabels } from './result-labels.ts';
import { matchingProjection, rowsBySignature } from './signatures.ts';

export async function matchVectors(
  evaluation: Evaluation,
  plan: BinaryPlan,
  matching: VectorMatching,
  left: VectorBlock,
  right: VectorBlock,
): Promise<VectorBlock> {
  return new Matching(evaluation, plan, matching, left, right).run();
}

const MUST_BE_EXPLICIT = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';
const MUST_BE_UNIQUE = 'multiple matches for labels: grouping labels must ensure unique matches';

/** One side has at most one sample for each signature; the other, the "many", may have several. */
class Matching {
  readonly #evaluation: Evaluation;
  readonly #plan: BinaryPlan;
  readonly #matching: VectorMatching;
  readonly #isSwapped: boolean;
  readonly #many: VectorBlock;
  readonly #one: VectorBlock;
  readonly #output: VectorBlock;
  readonly #pairing: Pairing;
  readonly #labels: ResultLabels;
  /** By labels of the result. */
  readonly #rowOf = new Map<string, number>();
  readonly #manyIsPresent: Uint8Array;
  /** By step: of what is to be told of its pairs, Prometheus tells the last. */
  readonly #annotations: (Annotation | undefined)[] = [];
  /** Signatures whose pairs had a result, with 1 for each step of it; undefined where nothing is filled in for the many side. */
  readonly #paired: Map<LabelSet, Uint8Array> | undefined;
  #failedStep = Infinity;
  #problem = '';

  constructor(
    evaluation: Evaluation,
    plan: BinaryPlan,
    matching: VectorMatching,
    left: VectorBlock,
    right: VectorBlock,
  ) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#matching = matching;
    this.#isSwapped = matching.cardinality === 'one-to-many';
    this.#many = this.#isSwapped ? right : left;
    this.#one = this.#isSwapped ? left : right;
    this.#output = newBlock(evaluation, left.steps, this.#many.rows);
    this.#pairing = new Pairing(plan.operator);
    this.#labels = new ResultLabels(evaluation, plan, matching);
    this.#manyIsPresent = presentSteps(this.#many);
    this.#paired = matching.fillLeft === undefined ? undefined : new Map();
  }

  async run(): Promise<VectorBlock> {
    const { budget } = this.#evaluation;
    const projection = matchingProjection(this.#evaluation, this.#matching);
    const ones = rowsBySignature(this.#one, projection);
    const manies = rowsBySignature(this.#many, projection);
    const { fillLeft, fillRight } = this.#matching;
    // As Prometheus does it: with group_right, fill_left is for the many side, which is the right one.
    const fillOne = fillRight;
    const fillMany = fillLeft;
    this.#refuseDuplicates(ones, fillOne !== undefined || fillMany !== undefined);
    // Rows of the result come in the order of those of the many side.
    const inserted = new Map<LabelSet, SignatureSteps>();
    for (let row = 0; row < this.#many.rows; row++) {
      if (budget.isDue()) await budget.pause();
      const signature = projection.of(this.#many.labels[row]!);
      const oneRows = ones.get(signature) ?? [];
      if (oneRows.length === 0 && fillOne === undefined) continue;
      const isShared = (manies.get(signature)?.length ?? 0) > 1;
      let seen = inserted.get(signature);
      if (isShared && seen === undefined) {
        seen = new SignatureSteps();
        inserted.set(signature, seen);
      }
      this.#pairRow(row, signature, oneRows, fillOne, seen);
    }
    if (fillMany !== undefined) await this.#fillUnmatched(ones, fillMany);
    if (this.#failedStep < Infinity) throw evaluationError(this.#problem);
    for (const annotation of this.#annotations) {
      if (annotation !== undefined) this.#evaluation.annotations.tell(annotation, this.#plan.range);
    }
    const output = dropEmptyRows(this.#output);
    const mayCollide = this.#plan.returnBool && !this.#evaluation.delayedNameRemoval;
    return keep(this.#evaluation, mayCollide ? mergeRows(output) : output);
  }

  /** Two samples with one signature on the side that may have one only. Where either side is empty nothing is matched, and
   *  nothing is wrong. */
  #refuseDuplicates(ones: ReadonlyMap<LabelSet, readonly number[]>, fills: boolean): void {
    const { kinds, steps, labels } = this.#one;
    for (const [signature, rows] of ones) {
      if (rows.length < 2) continue;
      for (let step = 0; step < steps; step++) {
        if (this.#manyIsPresent[step] === 0 && !fills) continue;
        const present = rows.filter((row) => kinds[row * steps + step] !== ABSENT);
        if (present.length < 2) continue;
        const pair = present.slice(0, 2).map((row) => labels[row]!);
        const shown = pair
          .sort((a, b) => a.compare(b))
          .map(describeLabels)
          .join(', ');
        const side = this.#isSwapped ? 'left' : 'right';
        this.#failAt(
          step,
          `found duplicate series for the match group ${describeLabels(signature)} on the ${side} hand-side of the operation: [${shown}];many-to-many matching not allowed: matching labels must be unique on one side`,
        );
        break;
      }
    }
  }

  #pairRow(
    row: number,
    signature: LabelSet,
    oneRows: readonly number[],
    fill: number | undefined,
    seen: SignatureSteps | undefined,
  ): void {
    const { steps } = this.#many;
    let lastLabels: LabelSet | undefined;
    let into = 0;
    for (let step = 0; step < steps; step++) {
      const cell = row * steps + step;
      if (this.#many.kinds[cell] === ABSENT) continue;
      const oneRow = this.#presentRow(oneRows, step);
      if (oneRow === undefined && fill === undefined) continue;
      const oneLabels = oneRow === undefined ? signature : this.#one.labels[oneRow]!;
      this.#pair(cell, oneRow === undefined ? undefined : oneRow * steps + step, fill ?? 0);
      if (this.#pairing.annotation !== undefined) this.#annotations[step] = this.#pairing.annotation;
      if (this.#pairing.isInvalid) continue;
      this.#notePair(signature, step);
      if (oneLabels !== lastLabels) {
        into = this.#resultRow(this.#labels.of(this.#many.labels[row]!, oneLabels));
        lastLabels = oneLabels;
      }
      const isOneToOne = this.#matching.cardinality === 'one-to-one';
      if (seen !== undefined && !seen.claim(isOneToOne, into, step, steps)) {
        this.#failAt(step, isOneToOne ? MUST_BE_EXPLICIT : MUST_BE_UNIQUE);
        return;
      }
      this.#store(into, step);
    }
  }

  #notePair(signature: LabelSet, step: number): void {
    if (this.#paired === undefined) return;
    const known = this.#paired.get(signature);
    const steps = known ?? new Uint8Array(this.#many.steps);
    if (known === undefined) this.#paired.set(signature, steps);
    steps[step] = 1;
  }

  /** Of what is wrong at several steps, the first one is told: Prometheus goes from step to step. */
  #failAt(step: number, problem: string): void {
    if (step >= this.#failedStep) return;
    this.#failedStep = step;
    this.#problem = problem;
  }

  #presentRow(rows: readonly number[], step: number): number | undefined {
    const { kinds, steps } = this.#one;
    for (const row of rows) if (kinds[row * steps + step] !== ABSENT) return row;
    return undefined;
  }

  /** @param oneCell undefined where the value is filled in */
  #pair(manyCell: number, oneCell: number | undefined, fill: number): void {
    const many = this.#many.values[manyCell]!;
    const one = oneCell === undefined ? fill : this.#one.values[oneCell]!;
    if (this.#many.kinds[manyCell] === FLOAT && (oneCell === undefined || this.#one.kinds[oneCell] === FLOAT)) {
      if (this.#isSwapped) this.#pairing.floats(one, many);
      else this.#pairing.floats(many, one);
      return;
    }
    const manyHistogram = this.#many.histogramAt(manyCell);
    const oneHistogram = oneCell === undefined ? undefined : this.#one.histogramAt(oneCell);
    if (this.#isSwapped) this.#pairing.mixed(one, oneHistogram, many, manyHistogram);
    else this.#pairing.mixed(many, manyHistogram, one, oneHistogram);
  }

  #resultRow(labels: LabelSet): number {
    let row = this.#rowOf.get(labels.key);
    if (row === undefined) {
      row = this.#output.addRow(labels, this.#plan.returnBool);
      this.#rowOf.set(labels.key, row);
    }
    return row;
  }

  #store(row: number, step: number): void {
    const cell = row * this.#output.steps + step;
    const { keep: isKept, histogram, float } = this.#pairing;
    if (!isKept && !this.#plan.returnBool) return;
    if (this.#output.kinds[cell] !== ABSENT) {
      this.#failAt(step, SAME_LABELS);
      return;
    }
    if (this.#plan.returnBool) this.#output.setFloat(cell, isKept ? 1 : 0);
    else if (histogram !== undefined) this.#output.setHistogram(cell, histogram);
    else this.#output.setFloat(cell, float);
  }

  /** What the one side has where the many side has nothing, or nothing that it could be paired with. */
  async #fillUnmatched(ones: ReadonlyMap<LabelSet, readonly number[]>, fill: number): Promise<void> {
    const { steps } = this.#one;
    for (const [signature, rows] of ones) {
      if (this.#evaluation.budget.isDue()) await this.#evaluation.budget.pause();
      const paired = this.#paired?.get(signature);
      for (let step = 0; step < steps; step++) {
        if (paired?.[step] === 1) continue;
        const row = this.#presentRow(rows, step);
        if (row === undefined) continue;
        const histogram = this.#one.histogramAt(row * steps + step);
        const value = this.#one.values[row * steps + step]!;
        if (histogram === undefined) {
          if (this.#isSwapped) this.#pairing.floats(value, fill);
          else this.#pairing.floats(fill, value);
        } else if (this.#isSwapped) this.#pairing.mixed(0, histogram, fill, undefined);
        else this.#pairing.mixed(fill, undefined, 0, histogram);
        if (this.#pairing.annotation !== undefined) this.#annotations[step] = this.#pairing.annotation;
        if (this.#pairing.isInvalid) continue;
        this.#store(this.#resultRow(this.#labels.of(signature, this.#one.labels[row]!)), step);
      }
    }
  }
}

/** At which steps of which rows of the result a signature has been matched. */
class SignatureSteps {
  readonly #claimed = new Set<number>();

  /** @returns false where it has been */
  claim(isOneToOne: boolean, row: number, step: number, steps: number): boolean {
    const key = isOneToOne ? step : row * steps + step;
    if (this.#claimed.has(key)) return false;
    this.#claimed.add(key);
    return true;
  }
}

/** 1 for each step at which any row has a sample. */
function presentSteps({ kinds, steps, rows }: VectorBlock): Uint8Array {
  const present = new Uint8Array(steps);
  for (let cell = 0; cell < rows * steps; cell++) if (kinds[cell] !== ABSENT) present[cell % steps] = 1;
  return present;
}
