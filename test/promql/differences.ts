/** In what two answers differ that should be one. */
import type { AnsweredSeries, ApiAnswer, Point } from './api-answer.ts';

/** Relative. The two sides sum in the same order; mathematical functions differ in their last bits. */
const EPSILON = 1e-9;
/** The logarithm of what should be 1 is the error of its last bit, and nothing else. */
const NEXT_TO_ZERO = 1e-15;

/** @returns undefined for equal answers, else the first difference, for a person to read */
export function firstDifference(expected: ApiAnswer, actual: ApiAnswer): string | undefined {
  if (expected.status === 'error' || actual.status === 'error') return errorDifference(expected, actual);
  if (expected.type !== actual.type) return `type ${expected.type}, got ${actual.type}`;
  return (
    seriesDifference(expected.series, actual.series) ??
    textsDifference('warnings', expected.warnings, actual.warnings) ??
    textsDifference('infos', expected.infos, actual.infos)
  );
}

/** As firstDifference, but one error of a type is as good as another: which of several faults of a text is told, and in which
 *  words of the parser's grammar, is not compared. */
export function firstDifferenceInKind(expected: ApiAnswer, actual: ApiAnswer): string | undefined {
  const areBothErrors = expected.status === 'error' && actual.status === 'error';
  return areBothErrors && expected.errorType === actual.errorType ? undefined : firstDifference(expected, actual);
}

/** As firstDifference, for an answer that is sorted by value. Which of equal ones comes first is left to chance. */
export function firstDifferenceInOrder(expected: ApiAnswer, actual: ApiAnswer): string | undefined {
  const difference = firstDifference(expected, actual);
  if (difference !== undefined || expected.status === 'error' || actual.status === 'error') return difference;
  const at = expected.order.findIndex((value, index) => !isSame(value, actual.order[index]));
  return at < 0 ? undefined : `in place ${at + 1} ${expected.order[at]}, got ${actual.order[at]}`;
}

function errorDifference(expected: ApiAnswer, actual: ApiAnswer): string | undefined {
  const [left, right] = [describeStatus(expected), describeStatus(actual)];
  return left === right ? undefined : `${left}\n  got ${right}`;
}

/** Which of several series that are in each other's way is named first depends on the order of storage. */
function describeStatus(answer: ApiAnswer): string {
  if (answer.status === 'success') return `an answer of ${answer.series.length} series`;
  return `error ${answer.errorType}: ${answer.error.replace(/operation: \[.*\];/, 'operation: [...];').replace(/match group \{.*\} on the/, 'match group {...} on the')}`;
}

function seriesDifference(expected: readonly AnsweredSeries[], actual: readonly AnsweredSeries[]): string | undefined {
  const [left, right] = [expected.map(({ labels }) => labels), actual.map(({ labels }) => labels)];
  const missing = left.filter((labels) => !right.includes(labels));
  const extra = right.filter((labels) => !left.includes(labels));
  if (missing.length > 0) return `series ${missing[0]} is missing (${missing.length} are)`;
  if (extra.length > 0) return `series ${extra[0]} is too many (${extra.length} are)`;
  if (left.length !== right.length) return `${left.length} series, got ${right.length}`;
  for (const [index, { labels, points }] of expected.entries()) {
    const difference = pointsDifference(points, actual[index]?.points ?? []);
    if (difference !== undefined) return `series ${labels}: ${difference}`;
  }
  return undefined;
}

function pointsDifference(expected: readonly Point[], actual: readonly Point[]): string | undefined {
  for (let index = 0; index < Math.max(expected.length, actual.length); index++) {
    const [left, right] = [expected[index], actual[index]];
    if (left?.time !== right?.time) return `time ${left?.time ?? 'of no sample'}, got ${right?.time ?? 'no sample'}`;
    const names = new Set([...(left?.parts.keys() ?? []), ...(right?.parts.keys() ?? [])]);
    for (const name of names) {
      const [wanted, got] = [left?.parts.get(name), right?.parts.get(name)];
      if (!isSame(wanted, got)) return `at ${left?.time} ${name} ${wanted ?? 'of none'}, got ${got ?? 'none'}`;
    }
  }
  return undefined;
}

function isSame(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const [left, right] = [numberOf(a), numberOf(b)];
  if (Number.isNaN(left) || !Number.isFinite(left) || Number.isNaN(right) || !Number.isFinite(right)) return false;
  const difference = Math.abs(left - right);
  return difference <= EPSILON * Math.max(Math.abs(left), Math.abs(right)) || difference <= NEXT_TO_ZERO;
}

/** NaN for what is no finite number. */
function numberOf(text: string): number {
  return /^[-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

const OMITTED = /^(\d+) more (?:warning|info) annotations omitted$/;

/** In any order; an answer holds ten, and says how many more there are. */
function textsDifference(what: string, expected: readonly string[], actual: readonly string[]): string | undefined {
  const [left, right] = [listOf(expected), listOf(actual)];
  if (left.total !== right.total)
    return `${left.total} ${what} (${expected.join(' | ')}), got ${right.total} (${actual.join(' | ')})`;
  if (left.isCut || right.isCut) return undefined;
  const missing = left.texts.find((text) => !right.texts.includes(text));
  const extra = right.texts.find((text) => !left.texts.includes(text));
  return missing === undefined && extra === undefined ? undefined : `${what}: ${missing}\n  got ${extra}`;
}

/** Prometheus counts what it merges again and again, so that its number grows with the depth of the query. */
const COUNTED = /over \d+ samples from/;

function listOf(all: readonly string[]) {
  const texts = all.map((text) => text.replace(COUNTED, 'over some samples from'));
  const omitted = texts.flatMap((text) => OMITTED.exec(text)?.slice(1) ?? []);
  const listed = texts.filter((text) => !OMITTED.test(text));
  return { texts: listed, total: listed.length + Number(omitted[0] ?? 0), isCut: omitted.length > 0 };
}
