/** The functions that Prometheus gives to the templates of alerts. Source: prometheus v0.315.0, template/template.go. */
import { parseDuration } from '../durations.ts';
import { formatGoFloat, parseGoFloat } from '../go-float.ts';
import { quoteGo } from '../go-quote.ts';
import { compileRegex, type Regex, RegexError } from '../regex/regex.ts';
import { replaceAll } from '../regex/replace.ts';
import { escapeUrlQuery } from './escapes.ts';
import { formatTime, goDuration, goTime, nanosOf } from './go-time.ts';
import { stripDomain, stripPort } from './host-ports.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from './humanize.ts';
import { TemplateFunctionError } from './template-error.ts';
import { titleCase } from './title.ts';
import { type FunctionMap, GoFunction, GoList, GoMap, GoStruct, stringMap, typeOf, type Value } from './values.ts';

export const QUERY_RESULT = 'template.queryResult';
const SAMPLE = '*template.sample';
const MAX_REPLACED_LENGTH = 1024 ** 2;

export interface QuerySample {
  readonly labels: ReadonlyMap<string, string>;
  /** A histogram by its text. */
  readonly value: number | string;
}

export function queryResult(samples: readonly QuerySample[]): GoList {
  const items = samples.map(({ labels, value }) => {
    const fields = new Map<string, Value>([
      ['Labels', stringMap(labels)],
      [
        'Value',
        typeof value === 'number' ? value : new GoStruct('*histogram.FloatHistogram', new Map(), new Map(), value),
      ],
    ]);
    return new GoStruct(SAMPLE, fields);
  });
  return new GoList(items, QUERY_RESULT);
}

/** Character by character, as Go's strings.ToUpper: one that would become several (ß) stays, and none depends on those beside it (Σ). */
function mapped(text: string, change: (character: string) => string): string {
  if (/^[\0-\x7f]*$/.test(text)) return change(text);
  return Array.from(text, (character) => {
    const changed = change(character);
    return Array.from(changed).length === 1 ? changed : character;
  }).join('');
}

function fieldOf(sample: Value, name: string): Value {
  if (!(sample instanceof GoStruct)) throw new TemplateFunctionError('nil sample');
  return sample.fields.get(name);
}

function labelOf(sample: Value, label: string): string {
  const labels = fieldOf(sample, 'Labels');
  const value = labels instanceof GoMap ? labels.entries.get(label) : undefined;
  return typeof value === 'string' ? value : '';
}

function itemsOf(list: Value): readonly Value[] {
  return list instanceof GoList ? list.items : [];
}

function toFloat(value: Value): number {
  switch (typeof value) {
    case 'number':
      return value;
    case 'bigint':
      return Number(value);
    case 'string': {
      const parsed = parseGoFloat(value);
      if (typeof parsed === 'number') return parsed;
      throw new TemplateFunctionError(`strconv.ParseFloat: parsing ${quoteGo(value)}: ${parsed}`);
    }
    default:
      if (value instanceof GoStruct && value.typeName === 'time.Duration') return Number(nanosOf(value)) / 1e9;
      throw new TemplateFunctionError(`can't convert ${typeOf(value)} to float`);
  }
}

/** To the millisecond, as Prometheus' own times are.
 *  @returns undefined for what is no time: NaN and infinities */
function toNanos(seconds: number): bigint | undefined {
  if (!Number.isFinite(seconds)) return undefined;
  const nanos = seconds * 1e9;
  if (nanos > 2 ** 63 || nanos < -(2 ** 63)) {
    const shown = formatGoFloat(seconds, 'g');
    throw new TemplateFunctionError(
      `${shown} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  }
  return (BigInt(Math.trunc(nanos)) / 1_000_000n) * 1_000_000n;
}

function compiled(pattern: string): Regex {
  try {
    return compileRegex(pattern);
  } catch (error) {
    if (error instanceof RegexError) throw new TemplateFunctionError(error.message);
    throw error;
  }
}

function replaced(pattern: string, replacement: string, text: string): string {
  try {
    return replaceAll(pattern, text, replacement, MAX_REPLACED_LENGTH);
  } catch (error) {
    if (error instanceof RangeError || error instanceof RegexError) throw new TemplateFunctionError(error.message);
    throw error;
  }
}

function seconds(text: string): number {
  const isNegative = text.startsWith('-');
  const durationMs = parseDuration(isNegative ? text.slice(1) : text);
  if (durationMs !== undefined) return (isNegative ? -durationMs : durationMs) / 1000;
  throw new TemplateFunctionError(
    text === '' ? 'empty duration string' : `not a valid duration string: ${quoteGo(text)}`,
  );
}

function graphLink(expression: string, tab: 0 | 1): string {
  return `/graph?g0.expr=${escapeUrlQuery(expression)}&g0.tab=${tab}`;
}

const ofText = (give: (text: string) => Value): GoFunction =>
  new GoFunction(['string'], ([text]) => give(String(text)));
const ofNumber = (give: (value: number) => Value): GoFunction =>
  new GoFunction(['any'], ([value]) => give(toFloat(value)));

/** Those that depend on nothing but their arguments. */
export const PROMETHEUS_FUNCTIONS: FunctionMap = new Map([
  [
    'first',
    new GoFunction([QUERY_RESULT], ([list]) => {
      const [first] = itemsOf(list);
      if (first === undefined) throw new TemplateFunctionError('first() called on vector with no elements');
      return first;
    }),
  ],
  ['label', new GoFunction(['string', SAMPLE], ([label, sample]) => labelOf(sample, String(label)))],
  ['value', new GoFunction([SAMPLE], ([sample]) => fieldOf(sample, 'Value'))],
  ['strvalue', new GoFunction([SAMPLE], ([sample]) => labelOf(sample, '__value__'))],
  [
    'sortByLabel',
    new GoFunction(['string', QUERY_RESULT], ([label, list]) => {
      const keyed = itemsOf(list).map((sample) => ({ sample, key: Buffer.from(labelOf(sample, String(label))) }));
      keyed.sort((a, b) => Buffer.compare(a.key, b.key));
      return new GoList(
        keyed.map(({ sample }) => sample),
        QUERY_RESULT,
      );
    }),
  ],
  ['args', new GoFunction([], (args) => new GoMap(new Map(args.map((arg, index) => [`arg${index}`, arg]))), 'any')],
  [
    'reReplaceAll',
    new GoFunction(['string', 'string', 'string'], ([pattern, replacement, text]) =>
      replaced(String(pattern), String(replacement), String(text)),
    ),
  ],
  ['match', new GoFunction(['string', 'string'], ([pattern, text]) => compiled(String(pattern)).test(String(text)))],
  ['safeHtml', ofText((text) => text)],
  ['title', ofText((text) => titleCase(text, (rest) => rest))],
  ['toUpper', ofText((text) => mapped(text, (character) => character.toUpperCase()))],
  ['toLower', ofText((text) => mapped(text, (character) => character.toLowerCase()))],
  ['graphLink', ofText((expression) => graphLink(expression, 0))],
  ['tableLink', ofText((expression) => graphLink(expression, 1))],
  ['stripPort', ofText(stripPort)],
  ['stripDomain', ofText(stripDomain)],
  ['humanize', ofNumber(humanize)],
  ['humanize1024', ofNumber(humanize1024)],
  ['humanizeDuration', ofNumber(humanizeDuration)],
  ['humanizePercentage', ofNumber(humanizePercentage)],
  [
    'humanizeTimestamp',
    ofNumber((value) => {
      const nanos = toNanos(value);
      return nanos === undefined ? formatGoFloat(value, 'g', 4) : formatTime(nanos);
    }),
  ],
  [
    'toTime',
    ofNumber((value) => {
      const nanos = toNanos(value);
      if (nanos === undefined) throw new TemplateFunctionError('value is NaN or Inf');
      return goTime(nanos);
    }),
  ],
  [
    'toDuration',
    ofNumber((value) => {
      const nanos = value * 1e9;
      if (Number.isNaN(nanos) || Math.abs(nanos) > 2 ** 63) {
        throw new TemplateFunctionError(`${formatGoFloat(value, 'g')} is too large for a duration`);
      }
      return goDuration(BigInt(Math.trunc(nanos)));
    }),
  ],
  ['parseDuration', ofText(seconds)],
  ['urlQueryEscape', ofText(escapeUrlQuery)],
]);
