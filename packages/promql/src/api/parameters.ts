/** The parameters of a request, read as Prometheus reads them and refused in its words. */
import { parseDuration } from '@vigie/core/durations';
import { quoteGo } from '@vigie/core/go-quote';
import type { Matcher } from '../labels/matcher.ts';
import type { TimeRange } from '../storage/querier.ts';
import { parseSelector } from '../syntax/parse.ts';
import { ParseError } from '../syntax/parse-error.ts';
import { badData, invalidParameter } from './api-error.ts';
import { MAX_TIME_MS, MIN_TIME_MS, parseNumber, parseTime } from './time.ts';

/** Of the form in the body, then of the URL: where a name comes twice, the first one counts, as in Go's FormValue. */
export class Parameters {
  readonly #sources: readonly URLSearchParams[];

  /** @param url with its query
   *  @param body text of a form; anything else is no parameters */
  constructor(url: string, body: unknown) {
    const at = url.indexOf('?');
    const inUrl = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
    this.#sources = typeof body === 'string' ? [new URLSearchParams(body), inUrl] : [inUrl];
  }

  /** '' where it is absent. */
  get(name: string): string {
    for (const source of this.#sources) {
      const value = source.get(name);
      if (value !== null) return value;
    }
    return '';
  }

  all(name: string): readonly string[] {
    return this.#sources.flatMap((source) => source.getAll(name));
  }

  /** As they were sent, in one form. */
  toForm(): URLSearchParams {
    return new URLSearchParams(this.#sources.flatMap((source) => [...source]));
  }
}

/** A time that has to be there.
 *  @returns Unix time in ms */
export function timeParameter(parameters: Parameters, name: string): number {
  const text = parameters.get(name);
  return parseTime(text) ?? fail(name, `cannot parse ${quoteGo(text)} to a valid timestamp`);
}

export function optionalTime(parameters: Parameters, name: string, absentMs: number): number {
  const text = parameters.get(name);
  if (text === '') return absentMs;
  return (
    parseTime(text) ??
    fail(name, `invalid time value for '${name}': cannot parse ${quoteGo(text)} to a valid timestamp`)
  );
}

/** `start` and `end` of a request that does without them. */
export function timeRange(parameters: Parameters): TimeRange {
  return {
    fromMs: optionalTime(parameters, 'start', MIN_TIME_MS),
    toMs: optionalTime(parameters, 'end', MAX_TIME_MS),
  };
}

/** @returns ms, with a fraction where the text has one */
export function durationParameter(parameters: Parameters, name: string): number {
  const text = parameters.get(name);
  const parsed = readDuration(text);
  return typeof parsed === 'number' ? parsed : fail(name, parsed);
}

/** @returns undefined where it is absent */
export function optionalDuration(parameters: Parameters, name: string): number | undefined {
  return parameters.get(name) === '' ? undefined : durationParameter(parameters, name);
}

/** `lookback_delta`, whose mistakes Prometheus words otherwise.
 *  @returns undefined for the default */
export function lookbackParameter(parameters: Parameters): number | undefined {
  const text = parameters.get('lookback_delta');
  if (text === '') return undefined;
  const parsed = readDuration(text);
  if (typeof parsed === 'string') throw badData(`error parsing lookback delta duration: ${parsed}`);
  return parsed > 0 ? parsed : undefined;
}

/** What Go makes of a duration that is no number. */
const SHORTEST_MS = -(2 ** 63) / 1e6;

/** A number of seconds, or a duration such as `1m30s`.
 *  @returns ms, or what is wrong */
function readDuration(text: string): number | string {
  const seconds = parseNumber(text);
  if (seconds !== undefined) {
    if (Number.isNaN(seconds)) return SHORTEST_MS;
    if (!(Math.abs(seconds) < 2 ** 63 / 1e9)) {
      return `cannot parse ${quoteGo(text)} to a valid duration. It overflows int64`;
    }
    return Math.trunc(seconds * 1e9) / 1e6;
  }
  return parseDuration(text) ?? `cannot parse ${quoteGo(text)} to a valid duration`;
}

/** @returns undefined where there is no limit: absent, or 0 */
export function limitParameter(parameters: Parameters): number | undefined {
  const text = parameters.get('limit');
  if (text === '') return undefined;
  const limit = parseInteger(text);
  if (typeof limit === 'string') throw invalidParameter('limit', `strconv.Atoi: ${limit}`);
  if (limit < 0) throw invalidParameter('limit', 'limit must be non-negative');
  return limit === 0 ? undefined : limit;
}

/** A whole number of any sign, with errors of its own.
 *  @returns undefined where it is absent */
export function integerParameter(parameters: Parameters, name: string, reason: string): number | undefined {
  const text = parameters.get(name);
  if (text === '') return undefined;
  const value = parseInteger(text);
  if (typeof value === 'string') throw badData(reason);
  return value;
}

/** strconv.Atoi, and the end of its error. */
export function parseInteger(text: string): number | string {
  if (!/^[+-]?\d+$/.test(text)) return `parsing ${quoteGo(text)}: invalid syntax`;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : `parsing ${quoteGo(text)}: value out of range`;
}

/** Of `match[]`; none where it is absent.
 *  @param refuse makes an error of what is wrong: Prometheus words it by route */
export function matcherSets(
  parameters: Parameters,
  refuse: (reason: string) => Error = badData,
): readonly (readonly Matcher[])[] {
  return parameters.all('match[]').map((text) => {
    const matchers = readSelector(text);
    if (typeof matchers === 'string') throw refuse(matchers);
    if (matchers.every((matcher) => matcher.matches(''))) {
      throw refuse('match[] must contain at least one non-empty matcher');
    }
    return matchers;
  });
}

/** @returns matchers, or what is wrong */
export function readSelector(text: string): readonly Matcher[] | string {
  try {
    return parseSelector(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return error.message;
  }
}

function fail(name: string, reason: string): never {
  throw invalidParameter(name, reason);
}
