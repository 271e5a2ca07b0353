/** Posted alerts, from the bytes of a request: with Alertmanager's defaults, and its reasons for what it does not take.
 *  Source: Alertmanager, api/v2/api.go, postAlertsHandler, and alert/alert.go, Validate. */
import { quoteGo } from '@vigie/core/go-quote';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { writtenLabels } from '@vigie/rules/rule';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { NO_TIME_MS, parseApiTime } from './api-time.ts';
import { isObject, kindOf } from './json-object.ts';
import { badRequest, invalidType, missing, unreadable } from './refusal.ts';

/** Of a request. Prometheus sends at most 256 at a time. */
export const MAX_ALERTS = 100_000;

/** Labels that are sorted by looking for the place of each. */
const FEW = 64;

/** A generator URL that parses, in the eyes of Go's url.ParseRequestURI: absolute, or a path. */
const URL_LIKE = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:.|\/)[^\s\p{Cc}]*$/u;

export interface DecodedAlerts {
  readonly alerts: readonly PostedAlert[];
  /** Of the others, one each. */
  readonly problems: readonly string[];
}

export interface DecodeOptions {
  readonly nowMs: number;
  readonly resolveTimeoutMs: number;
  /** Of the request. */
  readonly maxAlerts: number;
}

/** Bytes that are not UTF-8 are U+FFFD, as in Go.
 *  @throws {Refusal} where nothing of it can be taken
 *  Cost: some 2 µs an alert, and JSON.parse. */
export function decodeAlerts(body: Buffer, options: DecodeOptions): DecodedAlerts {
  const text = body.toString();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw unreadable('alerts', error instanceof Error ? error.message : String(error));
  }
  if (parsed === null) return { alerts: [], problems: [] };
  if (!Array.isArray(parsed)) throw unreadable('alerts', `it is no array, but ${kindOf(parsed)}`);
  const { maxAlerts } = options;
  if (parsed.length > maxAlerts) throw badRequest(`at most ${maxAlerts} alerts in a request, got ${parsed.length}`);
  // Halves of characters come in by escapes alone.
  const isWellFormed = !/\\u[dD][89a-fA-F]/.test(text);
  const alerts: PostedAlert[] = [];
  const problems: string[] = [];
  for (let index = 0; index < parsed.length; index++) {
    const alert = readAlert(parsed[index], { ...options, index, isWellFormed });
    if (typeof alert === 'string') problems.push(alert);
    else alerts.push(alert);
  }
  return { alerts, problems };
}

interface ReadOptions extends DecodeOptions {
  /** Of the alert. */
  readonly index: number;
  /** Whether there are no halves of characters. */
  readonly isWellFormed: boolean;
}

/** @returns what is wrong with it, in Alertmanager's words, where something is
 *  @throws {Refusal} where it is no alert at all, which refuses the whole request */
function readAlert(alert: unknown, options: ReadOptions): PostedAlert | string {
  const { index, nowMs, resolveTimeoutMs } = options;
  if (!isObject(alert)) throw unreadable('alerts', `${index} is no object, but ${kindOf(alert)}`);
  const generatorUrl = readText(alert.generatorURL, 'generatorURL', options);
  if (generatorUrl !== '' && !URL_LIKE.test(generatorUrl))
    throw invalidType(`${index}.generatorURL`, 'body', 'uri', generatorUrl);
  if (alert.labels === undefined || alert.labels === null) throw missing(`${index}.labels`, 'body');
  const labels = readLabels(alert.labels, 'labels', options);
  const annotations = readLabels(alert.annotations, 'annotations', options);
  const writtenStartMs = readTime(alert.startsAt, 'startsAt', index);
  const writtenEndMs = readTime(alert.endsAt, 'endsAt', index);
  const hasTimeout = writtenEndMs === NO_TIME_MS;
  const endsAtMs = hasTimeout ? nowMs + resolveTimeoutMs : writtenEndMs;
  const whenAbsentMs = hasTimeout ? nowMs : endsAtMs;
  const startsAtMs = writtenStartMs === NO_TIME_MS ? whenAbsentMs : writtenStartMs;
  if (endsAtMs < startsAtMs) return 'start time must be before end time';
  if (labels.size === 0) return 'at least one label pair required';
  if (hasNamelessLabel(labels)) return `invalid label set: invalid name ${quoteGo('')}`;
  if (hasNamelessLabel(annotations)) return `invalid annotations: invalid name ${quoteGo('')}`;
  const fingerprint = fingerprintOf(labels);
  return { fingerprint, labels, annotations, startsAtMs, endsAtMs, updatedAtMs: nowMs, generatorUrl, hasTimeout };
}

/** Labels without empty values; annotations have them. */
function readLabels(pairs: unknown, key: 'labels' | 'annotations', options: ReadOptions): LabelSet {
  if (pairs === undefined || pairs === null) return LabelSet.empty;
  if (!isObject(pairs)) throw unreadable('alerts', `${options.index}.${key} is no object, but ${kindOf(pairs)}`);
  const names: string[] = [];
  const values: string[] = [];
  const written = Object.keys(pairs);
  const isFew = written.length <= FEW;
  for (const name of written) {
    const value = readText(pairs[name], key, options, name);
    if (value === '' && key === 'labels') continue;
    // Prometheus sends them sorted.
    let at = names.length;
    while (isFew && at > 0 && names[at - 1]! > name) at--;
    if (at === names.length) {
      names.push(name);
      values.push(value);
    } else {
      names.splice(at, 0, name);
      values.splice(at, 0, value);
    }
  }
  if (isFew && options.isWellFormed) return LabelSet.ofSorted(names, values);
  return writtenLabels(Object.fromEntries(names.map((name, at) => [wellFormed(name), values[at]!])));
}

/** '' where it is absent.
 *  @param name within the member */
function readText(value: unknown, member: string, { index, isWellFormed }: ReadOptions, name?: string): string {
  if (typeof value === 'string') return isWellFormed ? value : wellFormed(value);
  if (value === undefined || value === null) return '';
  const path = name === undefined ? member : `${member}.${name}`;
  throw unreadable('alerts', `${index}.${path} is no string, but ${kindOf(value)}`);
}

/** With U+FFFD for halves of characters, as in Go. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function readTime(value: unknown, member: string, index: number): number {
  if (value === undefined || value === null) return NO_TIME_MS;
  const timeMs = typeof value === 'string' ? parseApiTime(value) : undefined;
  if (timeMs !== undefined) return timeMs;
  throw unreadable('alerts', `${index}.${member} is no time: ${JSON.stringify(value).slice(0, 100)}`);
}

/** Any name that is not empty is one. */
function hasNamelessLabel({ names }: LabelSet): boolean {
  return names[0] === '';
}
