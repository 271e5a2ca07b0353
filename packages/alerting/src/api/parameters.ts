/** The parameters of a request, read as Alertmanager reads them. */
import { AlertMatcher } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatcher } from '../matchers/parse-matchers.ts';
import { badRequest, invalidType } from './refusal.ts';

/** Each costs a match of every alert; a person names a handful. */
const MOST_MATCHERS = 100;
const TRUE = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** What stands in the URL of a request. */
export function parametersIn({ url }: { readonly url: string }): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

/** True where it is absent or empty; what is not one of the words for true is false. Source: go-openapi, swag/conv, ConvertBool. */
export function flagParameter(parameters: URLSearchParams, name: string): boolean {
  const text = parameters.getAll(name).at(-1) ?? '';
  return text === '' || TRUE.has(text.toLowerCase());
}

/** One matcher each.
 *  @param prefix of what is said where one does not parse
 *  @throws {Refusal} */
export function matchersParameter(parameters: URLSearchParams, name: string, prefix = ''): readonly AlertMatcher[] {
  const texts = parameters.getAll(name);
  if (texts.length > MOST_MATCHERS) throw badRequest(`${prefix}at most ${MOST_MATCHERS} matchers, got ${texts.length}`);
  return texts.flatMap((text) => refusing(prefix, () => parseMatcher(text).matchers));
}

/** A regular expression of the whole name of a receiver; undefined where it is absent.
 *  @throws {Refusal} */
export function receiverParameter(parameters: URLSearchParams): AlertMatcher | undefined {
  const text = parameters.getAll('receiver').at(-1) ?? '';
  if (text === '') return undefined;
  return refusing('failed to parse receiver param: ', () => new AlertMatcher('receiver', '=~', text));
}

/** @returns undefined where it is absent
 *  @throws {Refusal} */
export function limitParameter(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('limit');
  if (text === null || text === '') return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalidType('limit', 'query', 'whole number above 0', text);
}

function refusing<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MatcherError) throw badRequest(`${prefix}${error.message}`);
    throw error;
  }
}
