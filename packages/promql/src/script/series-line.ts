/** Series in test scripts: labels, and values in a shorthand such as `1+2x3 _x2 stale {{schema:0 count:1}}`. Source:
 *  Prometheus, promql/promqltest/README.md. */
import { addHistograms, subtractHistograms } from '../histogram/arithmetic.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { LabelSet, METRIC_NAME } from '../labels/label-set.ts';
import { parseFloatText } from '../text/float.ts';
import { unquote } from '../text/quote.ts';
import { TextCursor } from '../text/text-cursor.ts';
import { parseHistogram } from './histogram-text.ts';
import { ScriptError } from './script-error.ts';

export interface SequenceValue {
  /** Undefined where it is left out. */
  readonly value: number | Histogram | 'stale' | undefined;
  /** Of a histogram: whether its counter reset hint was written down. */
  readonly hasHint: boolean;
}

export interface SeriesLine {
  readonly labels: LabelSet;
  readonly values: readonly SequenceValue[];
}

const OMITTED: SequenceValue = { value: undefined, hasHint: false };
/** A script is small; more is a slip of the pen. */
const MAX_VALUES = 1_000_000;

/** @throws {ScriptError} */
export function parseSeriesLine(text: string, line: number): SeriesLine {
  const cursor = new Cursor(text, line);
  const labels = parseLabels(cursor);
  return { labels, values: parseValues(cursor) };
}

/** @throws {ScriptError} */
export function parseLabelsText(text: string, line: number): LabelSet {
  const cursor = new Cursor(text, line);
  const labels = parseLabels(cursor);
  if (!cursor.isAtEnd) throw cursor.error('unexpected text behind the labels');
  return labels;
}

class Cursor extends TextCursor {
  readonly #line: number;

  constructor(text: string, line: number) {
    super(text);
    this.#line = line;
  }

  error(reason: string): ScriptError {
    return new ScriptError(this.#line, `${reason}: ${JSON.stringify(this.glimpse)}`);
  }
}

const SPACE = /[ \t]*/y;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/y;

function parseLabels(cursor: Cursor): LabelSet {
  const labels = new Map<string, string>();
  const name = cursor.take(NAME)?.[0];
  if (name !== undefined) labels.set(METRIC_NAME, name);
  if (cursor.take(/\{(?!\{)/y) !== undefined) {
    cursor.take(SPACE);
    while (cursor.take(/\}/y) === undefined) {
      parseLabel(cursor, labels);
      cursor.take(SPACE);
      if (cursor.take(/,/y) === undefined && cursor.take(/(?=\})/y) === undefined)
        throw cursor.error('expected , or }');
      cursor.take(SPACE);
    }
  } else if (name === undefined) {
    throw cursor.error('expected a metric');
  }
  return LabelSet.of(labels);
}

function parseLabel(cursor: Cursor, labels: Map<string, string>): void {
  const quoted = takeString(cursor);
  const name = quoted ?? cursor.take(NAME)?.[0];
  if (name === undefined) throw cursor.error('expected a label');
  cursor.take(SPACE);
  if (cursor.take(/=/y) === undefined) {
    if (quoted === undefined) throw cursor.error('expected =');
    labels.set(METRIC_NAME, quoted);
    return;
  }
  cursor.take(SPACE);
  const value = takeString(cursor);
  if (value === undefined) throw cursor.error('expected a string');
  labels.set(name, value);
}

function takeString(cursor: Cursor): string | undefined {
  const literal = cursor.take(STRING)?.[0];
  return literal === undefined ? undefined : unquote(literal);
}

const NUMBER = '[-+]?(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?|[iI]nf|[nN]a[nN])';
const FLOATS = new RegExp(`(${NUMBER})(?:([-+]${NUMBER.slice(5)}))?(?:x(\\d+))?(?=\\s|$)`, 'y');

function parseValues(cursor: Cursor): readonly SequenceValue[] {
  const values: SequenceValue[] = [];
  for (cursor.take(SPACE); !cursor.isAtEnd; cursor.take(SPACE)) {
    const omitted = cursor.take(/_(?:x(\d+))?(?=\s|$)/y);
    const stale = omitted === undefined ? cursor.take(/stale(?:x(\d+))?(?=\s|$)/y) : undefined;
    if (omitted !== undefined) repeat(values, Number(omitted[1] ?? 1), () => OMITTED, cursor);
    else if (stale !== undefined) {
      repeat(values, Number(stale[1] ?? 0) + 1, () => ({ value: 'stale', hasHint: false }), cursor);
    } else if (!parseHistograms(cursor, values)) parseFloats(cursor, values);
  }
  return values;
}

function repeat(values: SequenceValue[], count: number, next: () => SequenceValue, cursor: Cursor): void {
  if (values.length + count > MAX_VALUES) throw cursor.error(`more than ${MAX_VALUES} values`);
  for (let left = count; left > 0; left--) values.push(next());
}

function parseFloats(cursor: Cursor, values: SequenceValue[]): void {
  const match = cursor.take(FLOATS);
  if (match === undefined) throw cursor.error('expected a value');
  const [, first = '', step, times] = match;
  let value = parseFloatText(first) ?? Number.NaN;
  const increase = step === undefined ? 0 : (parseFloatText(step) ?? Number.NaN);
  const next = (): SequenceValue => {
    const current = { value, hasHint: false };
    if (step !== undefined) value += increase;
    return current;
  };
  repeat(values, Number(times ?? 0) + 1, next, cursor);
}

const HISTOGRAM = /\{\{([^}]*)\}\}/y;

function parseHistograms(cursor: Cursor, values: SequenceValue[]): boolean {
  const first = cursor.take(HISTOGRAM);
  if (first === undefined) return false;
  const base = readHistogram(first[1] ?? '', cursor);
  const sign = cursor.take(/[-+](?=\{\{)/y)?.[0];
  const second = sign === undefined ? undefined : cursor.take(HISTOGRAM);
  const increase = second && readHistogram(second[1] ?? '', cursor);
  const times = cursor.take(/x(\d+)/y)?.[1];
  let current = base.histogram;
  const hasHint = increase?.hasHint ?? base.hasHint;
  const next = (): SequenceValue => {
    const value = { value: current, hasHint };
    if (increase !== undefined) current = combine(current, increase.histogram, sign === '-', cursor);
    return value;
  };
  repeat(values, Number(times ?? 0) + 1, next, cursor);
  return true;
}

function readHistogram(text: string, cursor: Cursor): { readonly histogram: Histogram; readonly hasHint: boolean } {
  const parsed = parseHistogram(text);
  if (typeof parsed === 'string') throw cursor.error(parsed);
  return parsed;
}

function combine(base: Histogram, increase: Histogram, isMinus: boolean, cursor: Cursor): Histogram {
  if (base.schema > increase.schema) {
    throw cursor.error(`error combining histograms: cannot merge from schema ${increase.schema} to ${base.schema}`);
  }
  const combined = isMinus ? subtractHistograms(base, increase) : addHistograms(base, increase);
  if (combined === undefined) throw cursor.error('cannot combine exponential and custom buckets');
  return combined.histogram;
}
