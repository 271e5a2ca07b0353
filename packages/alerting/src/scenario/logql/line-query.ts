/** Log queries of LogQL over lines in memory: selectors, and filters of lines and of labels. None of what takes a line apart: what a parser would find
 *  in it stands among its fields. Source: grafana/loki, docs/sources/query/log_queries/_index.md. */
import { VigieError } from '@vigie/core/errors';
import { compileRegex } from '@vigie/core/regex';
import { Matcher } from '@vigie/promql/labels/matcher';
import { parseSelector } from '@vigie/promql/syntax/parse';
import type { LogLine } from '../../logs/log-source.ts';
import { compares } from '../../logs/query/compares.ts';
import type { LineMatcher } from '../../logs/query/line-matcher.ts';
import { Cursor } from './cursor.ts';

export interface LineQuery {
  readonly matches: LineMatcher;
  /** That the selector says of all of its lines. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A line on its way through the filters. */
interface Passing extends Pick<LogLine, 'message' | 'labels'> {
  /** `__error__`: a filter keeps what it cannot compare, and says so. */
  error: string;
}

type Stage = (line: Passing) => boolean;

const ERROR_LABEL = '__error__';

/** @throws {VigieError} LOGS_REFUSED, PROMQL_PARSE, REGEX_INVALID */
export function parseLineQuery(text: string): LineQuery {
  const cursor = new Cursor(text);
  const query = takeLineQuery(cursor);
  if (!cursor.isAtEnd) throw cursor.refusal('filters of lines and labels');
  return query;
}

/** As far as it goes. @throws as parseLineQuery */
export function takeLineQuery(cursor: Cursor): LineQuery {
  const matchers = parseSelector(cursor.takeSelector());
  const stages: Stage[] = [({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))];
  for (let stage = takeStage(cursor); stage !== undefined; stage = takeStage(cursor)) stages.push(stage);
  const equalities = matchers.filter(({ operator }) => operator === '=');
  return {
    matches: ({ message, labels }) => passes({ message, labels, error: '' }, stages),
    labels: Object.fromEntries(equalities.map(({ name, value }) => [name, value] as const)),
  };
}

function passes(line: Passing, stages: readonly Stage[]): boolean {
  if (!stages.every((stage) => stage(line))) return false;
  if (line.error === '') return true;
  throw new VigieError(
    'LOGS_REFUSED',
    `a label that is compared with a number is none (${line.error}), which fails a query: end it with | ${ERROR_LABEL}=""`,
  );
}

function takeStage(cursor: Cursor): Stage | undefined {
  const operator = cursor.take(/\|=|!=|\|~|!~/y)?.[0];
  if (operator !== undefined) return takeLineFilter(operator, cursor);
  return cursor.take(/\|(?!>)/y) === undefined ? undefined : takeAny(cursor);
}

function takeLineFilter(operator: string, cursor: Cursor): Stage {
  const tests: ((message: string) => boolean)[] = [];
  do {
    const text = cursor.takeString();
    if (text === undefined) throw cursor.refusal('a string');
    tests.push(operator.endsWith('~') ? regexTest(text) : (message) => message.includes(text));
  } while (cursor.take(/or\b/y) !== undefined);
  const isWanted = operator.startsWith('|');
  return ({ message }) => tests.some((test) => test(message)) === isWanted;
}

function regexTest(source: string): (text: string) => boolean {
  const regex = compileRegex(source);
  return (text) => regex.test(text);
}

/** `a="b" or c="d"`, of which `and` binds more. */
function takeAny(cursor: Cursor): Stage {
  const parts = [takeAll(cursor)];
  while (cursor.take(/or\b/y) !== undefined) parts.push(takeAll(cursor));
  return (line) => parts.some((part) => part(line));
}

function takeAll(cursor: Cursor): Stage {
  const parts = [takeLabelFilter(cursor)];
  while (cursor.take(/and\b|,/y) !== undefined) parts.push(takeLabelFilter(cursor));
  return (line) => parts.every((part) => part(line));
}

function takeLabelFilter(cursor: Cursor): Stage {
  if (cursor.take(/\(/y) !== undefined) {
    const inner = takeAny(cursor);
    if (cursor.take(/\)/y) === undefined) throw cursor.refusal(')');
    return inner;
  }
  const [, name = '', operator = ''] = cursor.take(/([a-zA-Z_][a-zA-Z0-9_]*)\s*(==|=~|!~|!=|>=|<=|=|>|<)/y) ?? [];
  if (name === '')
    throw cursor.refusal('a filter such as level="error"; what | json or | logfmt find are fields of lines');
  const text = cursor.takeString();
  if (text !== undefined) return textFilter(name, operator, text, cursor);
  const [number] = cursor.take(/[-+]?\d+(?:\.\d+)?(?![\w.])/y) ?? [];
  if (number === undefined) throw cursor.refusal('a string or a number');
  return numberFilter(name, operator, Number(number), cursor);
}

function textFilter(name: string, operator: string, text: string, cursor: Cursor): Stage {
  if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~')
    throw cursor.refusal(`a number behind ${operator}`);
  const matcher = new Matcher(name, operator, text);
  return ({ labels, error }) => matcher.matches(name === ERROR_LABEL ? error : labels.get(name));
}

/** A line that lacks the label is not among them; one whose value is no number is, with an error. */
function numberFilter(name: string, operator: string, bound: number, cursor: Cursor): Stage {
  const holds = numberTest(operator, bound, cursor);
  return (line) => {
    const value = line.labels.get(name);
    if (value === '') return false;
    if (!Number.isNaN(Number(value))) return holds(Number(value));
    line.error = 'LabelFilterErr';
    return true;
  };
}

function numberTest(operator: string, bound: number, cursor: Cursor): (value: number) => boolean {
  switch (operator) {
    case '=':
    case '==':
      return (value) => value === bound;
    case '!=':
      return (value) => value !== bound;
    case '>':
    case '>=':
    case '<':
    case '<=':
      return (value) => compares(value, operator, bound);
    default:
      throw cursor.refusal(`a string behind ${operator}`);
  }
}
