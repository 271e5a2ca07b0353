/** What an operator makes of two samples. Source: Prometheus, promql/engine.go, vectorElemBinop. */
import { addHistograms, divideHistogram, multiplyHistogram, subtractHistograms } from '../../histogram/arithmetic.ts';
import { equalHistograms } from '../../histogram/compare.ts';
import type { Histogram } from '../../histogram/histogram.ts';
import { compact } from '../../histogram/sparse.ts';
import { trimHistogram } from '../../histogram/trim.ts';
import type { ArithmeticOperator, BinaryOperator, ComparisonOperator } from '../../syntax/operators.ts';
import { type Annotation, TEXT } from '../annotations.ts';
import { arcTangent, power } from '../functions/math.ts';

type Arithmetic = (left: number, right: number) => number;
type Comparison = (left: number, right: number) => boolean;

const ARITHMETIC: ReadonlyMap<BinaryOperator, Arithmetic> = new Map<ArithmeticOperator, Arithmetic>([
  ['+', (left, right) => left + right],
  ['-', (left, right) => left - right],
  ['*', (left, right) => left * right],
  ['/', (left, right) => left / right],
  ['%', (left, right) => left % right],
  ['^', power],
  ['atan2', arcTangent],
]);

const COMPARISON: ReadonlyMap<BinaryOperator, Comparison> = new Map<ComparisonOperator, Comparison>([
  ['==', (left, right) => left === right],
  ['!=', (left, right) => left !== right],
  ['>', (left, right) => left > right],
  ['<', (left, right) => left < right],
  ['>=', (left, right) => left >= right],
  ['<=', (left, right) => left <= right],
]);

export function arithmetic(operator: BinaryOperator): Arithmetic | undefined {
  return ARITHMETIC.get(operator);
}

export function comparison(operator: BinaryOperator): Comparison | undefined {
  return COMPARISON.get(operator);
}

/** The result of one pair; an object for all of them. */
export class Pairing {
  /** Of a comparison: whether it holds. True for other operators that have a result. */
  keep = false;
  /** There is no result whatsoever: an annotation says why. */
  isInvalid = false;
  float = 0;
  histogram: Histogram | undefined;
  /** What a user should know about it. */
  annotation: Annotation | undefined;
  readonly #operator: BinaryOperator;
  readonly #arithmetic: Arithmetic | undefined;
  readonly #comparison: Comparison | undefined;

  constructor(operator: BinaryOperator) {
    this.#operator = operator;
    this.#arithmetic = arithmetic(operator);
    this.#comparison = comparison(operator);
  }

  floats(left: number, right: number): void {
    this.isInvalid = false;
    this.annotation = undefined;
    this.histogram = undefined;
    if (this.#arithmetic !== undefined) {
      this.float = this.#arithmetic(left, right);
      this.keep = true;
    } else if (this.#comparison !== undefined) {
      this.float = left;
      this.keep = this.#comparison(left, right);
    } else {
      this.#refuse('float', 'float');
    }
  }

  /** @param leftHistogram, rightHistogram undefined where that side is a float; not both */
  mixed(
    left: number,
    leftHistogram: Histogram | undefined,
    right: number,
    rightHistogram: Histogram | undefined,
  ): void {
    this.isInvalid = false;
    this.annotation = undefined;
    this.keep = true;
    this.float = 0;
    if (leftHistogram !== undefined && rightHistogram !== undefined) {
      this.#histograms(leftHistogram, rightHistogram);
    } else if (rightHistogram !== undefined) {
      if (this.#operator === '*') this.histogram = compact(multiplyHistogram(rightHistogram, left));
      else this.#refuse('float', 'histogram');
    } else if (leftHistogram !== undefined) {
      this.#byFloat(leftHistogram, right);
    }
  }

  #byFloat(histogram: Histogram, value: number): void {
    switch (this.#operator) {
      case '*':
        this.histogram = compact(multiplyHistogram(histogram, value));
        return;
      case '/':
        this.histogram = compact(divideHistogram(histogram, value));
        return;
      case '</':
        this.histogram = trimHistogram(histogram, value, 'below');
        return;
      case '>/':
        this.histogram = trimHistogram(histogram, value, 'above');
        return;
      default:
        this.#refuse('histogram', 'float');
    }
  }

  #histograms(left: Histogram, right: Histogram): void {
    switch (this.#operator) {
      case '+':
      case '-':
        this.#sum(left, right, this.#operator);
        return;
      case '==':
      case '!=':
        this.histogram = left;
        this.keep = equalHistograms(left, right) === (this.#operator === '==');
        return;
      default:
        this.#refuse('histogram', 'histogram');
    }
  }

  #sum(left: Histogram, right: Histogram, operator: '+' | '-'): void {
    const sum = operator === '+' ? addHistograms(left, right) : subtractHistograms(left, right);
    const operation = operator === '+' ? 'addition' : 'subtraction';
    if (sum === undefined || sum.resetsCollide) {
      const text = sum === undefined ? TEXT.incompatibleLayout(operator) : TEXT.resetCollision(operation);
      this.annotation = { kind: 'warning', text };
      this.#drop();
      return;
    }
    if (sum.boundsReconciled) this.annotation = { kind: 'info', text: TEXT.boundsReconciled(operation) };
    this.histogram = operator === '+' ? sum.histogram : { ...sum.histogram, counterResetHint: 'gauge' };
  }

  #refuse(left: string, right: string): void {
    this.annotation = { kind: 'info', text: TEXT.incompatibleTypes(left, this.#operator, right) };
    this.#drop();
  }

  #drop(): void {
    this.keep = false;
    this.isInvalid = true;
    this.histogram = undefined;
  }
}
