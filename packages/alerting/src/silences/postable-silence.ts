/** A posted silence, from the bytes of a request. Source: Alertmanager, api/v2/api.go, postSilencesHandler, and api/v2/models. */
import { quoteGo } from '@vigie/core/go-quote';
import { regexProblem } from '@vigie/core/regex';
import { parseApiTime } from '../api/api-time.ts';
import { isObject, type JsonObject, kindOf } from '../api/json-object.ts';
import { badRequest, missing, tooFewItems, unreadable } from '../api/refusal.ts';
import { AlertMatcher, type MatchOperator } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import type { SilenceContent } from './silence.ts';

/** A silence is kept by every replica, and looked at for every alert. */
const MOST_MATCHERS = 100;
const MOST_CHARACTERS = 64 * 1024;

export interface PostedSilence {
  readonly content: SilenceContent;
  /** Of the one to change; undefined for a new one. */
  readonly id: string | undefined;
}

/** @throws {Refusal} in Alertmanager's words */
export function decodeSilence(body: Buffer, nowMs: number): PostedSilence {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch (error) {
    throw unreadable('silence', error instanceof Error ? error.message : String(error));
  }
  if (!isObject(parsed)) throw unreadable('silence', `it is no object, but ${kindOf(parsed)}`);
  const annotations = readAnnotations(parsed.annotations);
  const comment = requiredText(parsed, 'comment');
  const createdBy = requiredText(parsed, 'createdBy');
  const endsAtMs = requiredTime(parsed, 'endsAt');
  const matchers = readMatchers(parsed.matchers);
  const startsAtMs = requiredTime(parsed, 'startsAt');
  const id = optionalText(parsed, 'id');
  if (startsAtMs >= endsAtMs) throw badRequest('Failed to create silence: start time must be before end time');
  if (endsAtMs < nowMs) throw badRequest("Failed to create silence: end time can't be in the past");
  const content = { matcherSets: [matchers.map(matcherOf)], startsAtMs, endsAtMs, createdBy, comment, annotations };
  const length = JSON.stringify(content).length;
  if (length > MOST_CHARACTERS)
    throw badRequest(`silence exceeded maximum size: ${length} characters (limit: ${MOST_CHARACTERS})`);
  return { content, id: id === '' ? undefined : id };
}

interface WrittenMatcher {
  readonly name: string;
  readonly value: string;
  readonly operator: MatchOperator;
}

function readMatchers(matchers: unknown): readonly WrittenMatcher[] {
  if (matchers === undefined || matchers === null) throw missing('matchers', 'body');
  if (!Array.isArray(matchers)) throw unreadable('silence', `matchers is no array, but ${kindOf(matchers)}`);
  if (matchers.length === 0) throw tooFewItems('matchers', 1);
  if (matchers.length > MOST_MATCHERS)
    throw badRequest(`invalid silence: at most ${MOST_MATCHERS} matchers, got ${matchers.length}`);
  return matchers.map((matcher: unknown, index) => {
    const path = `matchers.${index}`;
    if (!isObject(matcher)) throw unreadable('silence', `${path} is no object, but ${kindOf(matcher)}`);
    const isRegex = optionalFlag(matcher, 'isRegex', path);
    if (isRegex === undefined) throw missing(`${path}.isRegex`, 'body');
    const isEqual = optionalFlag(matcher, 'isEqual', path) ?? true;
    const name = requiredText(matcher, 'name', path);
    const value = requiredText(matcher, 'value', path);
    return { name, value, operator: operatorOf(isEqual, isRegex) };
  });
}

function operatorOf(isEqual: boolean, isRegex: boolean): MatchOperator {
  if (isRegex) return isEqual ? '=~' : '!~';
  return isEqual ? '=' : '!=';
}

function matcherOf({ name, operator, value }: WrittenMatcher, index: number): AlertMatcher {
  try {
    return new AlertMatcher(name, operator, value);
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    const reason = `invalid regular expression ${quoteGo(value)}: ${regexProblem(value) ?? error.message}`;
    throw badRequest(`invalid silence: invalid label matcher ${index} in set 0: ${reason}`);
  }
}

function readAnnotations(annotations: unknown): Readonly<Record<string, string>> {
  if (annotations === undefined || annotations === null) return {};
  if (!isObject(annotations)) throw unreadable('silence', `annotations is no object, but ${kindOf(annotations)}`);
  const names = Object.keys(annotations);
  return Object.fromEntries(names.map((name) => [name, optionalText(annotations, name, 'annotations')]));
}

function requiredText(object: JsonObject, key: string, path = ''): string {
  if (object[key] === undefined || object[key] === null) throw missing(pathOf(path, key), 'body');
  return optionalText(object, key, path);
}

/** '' where it is absent. */
function optionalText(object: JsonObject, key: string, path = ''): string {
  const value = object[key];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return Buffer.from(value).toString();
  throw unreadable('silence', `${pathOf(path, key)} is no string, but ${kindOf(value)}`);
}

function optionalFlag(object: JsonObject, key: string, path: string): boolean | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw unreadable('silence', `${pathOf(path, key)} is no boolean, but ${kindOf(value)}`);
}

function requiredTime(object: JsonObject, key: string): number {
  const text = requiredText(object, key);
  const timeMs = parseApiTime(text);
  if (timeMs === undefined) throw unreadable('silence', `${key} is no time: ${JSON.stringify(text).slice(0, 100)}`);
  return timeMs;
}

function pathOf(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
