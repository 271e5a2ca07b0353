/** Random queries that parse, of every kind of expression. */
import type { Random } from '@vigie/core/random';

const METRICS = ['a', 'b', 'requests_total', 'h_bucket'];
const LABELS = ['job', 'instance', 'le', 'with space'];
const DURATIONS = ['1m', '90s', '5m', '1h30m', '250ms', '2m*2', '(1m+30s)', 'step()+1s'];
const VECTOR_FUNCTIONS = [
  'abs',
  'ceil',
  'exp',
  'floor',
  'sgn',
  'sqrt',
  'timestamp',
  'histogram_count',
  'hour',
  'absent',
];
const RANGE_FUNCTIONS = ['rate', 'increase', 'delta', 'sum_over_time', 'max_over_time', 'changes', 'last_over_time'];
const OPERATORS = ['+', '-', '*', '/', '%', '^', 'atan2', '==', '>', '<=', 'and', 'or', 'unless'];
const AGGREGATES = ['sum', 'avg', 'count', 'min', 'max', 'stddev', 'group'];

/** An instant vector. */
export function randomQuery(random: Random): string {
  return vector(random, 3);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function label(random: Random): string {
  const name = pick(random, LABELS);
  return name.includes(' ') ? JSON.stringify(name) : name;
}

function labels(random: Random): string {
  return Array.from({ length: Math.floor(random() * 3) }, () => label(random)).join(', ');
}

function selector(random: Random): string {
  const matchers = Array.from(
    { length: Math.floor(random() * 3) },
    () =>
      `${label(random)}${pick(random, ['=', '!=', '=~', '!~'])}${pick(random, ['"x"', '"x|y"', "'.+'", '"a\\"b"'])}`,
  );
  const name = pick(random, METRICS);
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`;
}

function modifiers(random: Random): string {
  const at = pick(random, ['', '', '', ' @ 100', ' @ start()', ' @ end()', ' @ -1.5']);
  return `${at}${pick(random, ['', '', ' offset 5m', ' offset -1h', ' offset (1m+1s)'])}`;
}

function scalar(random: Random, depth: number): string {
  if (depth <= 0 || random() < 0.6)
    return pick(random, ['1', '0.5', '-2', '(1 / 0)', 'NaN', '1e9', '5m', 'time()', 'pi()']);
  const inner = depth - 1;
  return random() < 0.5
    ? `scalar(${vector(random, inner)})`
    : `(${scalar(random, inner)} ${pick(random, ['+', '*', '^', '/'])} ${scalar(random, inner)})`;
}

function matrix(random: Random, depth: number): string {
  if (depth <= 0 || random() < 0.7) return `${selector(random)}[${pick(random, DURATIONS)}]${modifiers(random)}`;
  return `(${vector(random, depth - 1)})[${pick(random, DURATIONS)}:${pick(random, ['', '30s', '1m'])}]${modifiers(random)}`;
}

function vector(random: Random, depth: number): string {
  if (depth <= 0) return `${selector(random)}${modifiers(random)}`;
  const inner = depth - 1;
  switch (Math.floor(random() * 8)) {
    case 0:
      return `${pick(random, VECTOR_FUNCTIONS)}(${vector(random, inner)})`;
    case 1:
      return `${pick(random, RANGE_FUNCTIONS)}(${matrix(random, inner)})`;
    case 2:
      return aggregation(random, inner);
    case 3:
      return binary(random, inner);
    case 4:
      return `(${vector(random, inner)})`;
    case 5:
      return `-${vector(random, 0)}`;
    case 6:
      return `clamp(${vector(random, inner)}, ${scalar(random, inner)}, ${scalar(random, inner)})`;
    default:
      return `${selector(random)}${modifiers(random)}`;
  }
}

function aggregation(random: Random, depth: number): string {
  const grouping = pick(random, ['', ` by (${labels(random)})`, ` without (${labels(random)})`]);
  if (random() < 0.3) return `topk${grouping} (${scalar(random, depth)}, ${vector(random, depth)})`;
  return `${pick(random, AGGREGATES)}${grouping} (${vector(random, depth)})`;
}

function binary(random: Random, depth: number): string {
  const operator = pick(random, OPERATORS);
  const isSet = operator === 'and' || operator === 'or' || operator === 'unless';
  if (!isSet && random() < 0.4) return `(${vector(random, depth)}) ${operator} ${scalar(random, depth)}`;
  const matching = pick(random, ['', ` on(${labels(random)})`, ` ignoring(${labels(random)})`]);
  const group = isSet || matching === '' ? '' : pick(random, ['', ' group_left()', ' group_right(extra)']);
  const fill = isSet ? '' : pick(random, ['', '', ' fill(0)', ' fill_left(1.5)', ' fill_right(NaN)']);
  return `(${vector(random, depth)}) ${operator}${matching}${group}${fill} (${vector(random, depth)})`;
}
