/** Operators between vectors and scalars, and those that aggregate. */

const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'] as const;
const COMPARISON = ['==', '!=', '>', '<', '>=', '<='] as const;
const SET = ['and', 'or', 'unless'] as const;
const TRIM = ['</', '>/'] as const;

export type ArithmeticOperator = (typeof ARITHMETIC)[number];
export type ComparisonOperator = (typeof COMPARISON)[number];
export type SetOperator = (typeof SET)[number];
/** Cut a native histogram at a value. */
export type TrimOperator = (typeof TRIM)[number];
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator | TrimOperator;

const BINARY: readonly BinaryOperator[] = [...ARITHMETIC, ...COMPARISON, ...SET, ...TRIM];

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return COMPARISON.some((one) => one === operator);
}

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return SET.some((one) => one === operator);
}

/** The higher it is, the more tightly it binds. */
export function precedence(operator: BinaryOperator): number {
  switch (operator) {
    case 'or':
      return 1;
    case 'and':
    case 'unless':
      return 2;
    case '+':
    case '-':
      return 4;
    case '*':
    case '/':
    case '%':
    case 'atan2':
      return 5;
    case '^':
      return 6;
    default:
      return 3;
  }
}

/** Whether what comes out is of another kind than what went in, so that it loses its name. */
export function changesMeaning(operator: BinaryOperator): boolean {
  return ARITHMETIC.some((one) => one === operator);
}

/** Of its text, in any case. */
export function binaryOperator(text: string): BinaryOperator | undefined {
  const lower = text.toLowerCase();
  return BINARY.find((one) => one === lower);
}

const AGGREGATE = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
] as const;
export type AggregateOperator = (typeof AGGREGATE)[number];

export function aggregateOperator(text: string): AggregateOperator | undefined {
  const lower = text.toLowerCase();
  return AGGREGATE.find((one) => one === lower);
}

export function takesParameter(operator: AggregateOperator): boolean {
  return ['topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio'].includes(operator);
}

export function isExperimentalAggregate(operator: AggregateOperator): boolean {
  return operator === 'limitk' || operator === 'limit_ratio';
}
