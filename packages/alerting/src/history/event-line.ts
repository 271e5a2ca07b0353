/** An event as a line of the history's files: docs/formats/alert-history.md. */
import { crc32 } from 'node:zlib';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { writtenLabels } from '@vigie/rules/rule';
import * as v from 'valibot';
import { RESOLVE_REASONS } from '../state/rule-state-record.ts';
import { eventJson, type HistoryEvent } from './history-event.ts';

const texts = v.record(v.string(), v.string());
const labelSet = v.pipe(
  texts,
  v.transform((labels) => LabelSet.of(labels)),
);
/** With empty values. */
const annotationSet = v.pipe(
  texts,
  v.transform((annotations) => writtenLabels(annotations)),
);
/** Alerts may have any time that a Date has: years of six digits, too. */
const time = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.number(),
);
const base = { time };
const ofAlert = { ...base, fingerprint: v.string(), labels: labelSet };
const ofGroup = { receiver: v.string(), groupKey: v.string(), groupLabels: labelSet };
const ofSend = {
  ...base,
  ...ofGroup,
  integration: v.string(),
  reason: v.picklist([
    'first notification',
    'new alerts added',
    'some alerts resolved',
    'all alerts resolved',
    'repeat interval elapsed',
  ]),
  firing: v.array(v.string()),
  resolved: v.array(v.string()),
  attempt: v.number(),
  flushAt: v.optional(time),
  repeatIntervalMs: v.optional(v.number()),
  latencyMs: v.number(),
  status: v.optional(v.number()),
  bodySha256: v.optional(v.string()),
  problem: v.optional(v.string(), ''),
};

const lineSchema = v.variant('kind', [
  v.object({
    kind: v.picklist(['created', 'changed', 'resolved']),
    ...ofAlert,
    annotations: annotationSet,
    startsAt: v.optional(time),
    endsAt: v.optional(time),
    reason: v.optional(v.picklist([...RESOLVE_REASONS, 'manual', 'expired'])),
  }),
  v.object({ kind: v.picklist(['pending', 'lapsed']), ...ofAlert }),
  v.object({ kind: v.literal('grouped'), ...ofAlert, ...ofGroup }),
  v.object({
    kind: v.literal('muted'),
    ...ofAlert,
    receiver: v.string(),
    by: v.picklist(['silence', 'inhibition', 'time_interval']),
    cause: v.string(),
    rule: v.optional(
      v.object({ name: v.string(), source: v.string(), target: v.string(), equal: v.array(v.string()) }),
    ),
  }),
  v.object({ kind: v.picklist(['sent', 'failed']), ...ofSend }),
  v.object({
    kind: v.picklist(['acknowledged', 'reopened', 'escalated', 'ended']),
    ...base,
    ...ofGroup,
    by: v.string(),
    cause: v.string(),
    firing: v.array(v.string()),
  }),
  v.object({
    kind: v.picklist(['silenced', 'unsilenced']),
    ...base,
    silence: v.string(),
    matchers: v.string(),
    by: v.string(),
    cause: v.string(),
    annotations: v.optional(annotationSet),
    startsAt: v.optional(time),
    endsAt: time,
    isChange: v.optional(v.literal(true)),
  }),
]);

/** With its line feed. */
export function eventLine(sequence: number, event: HistoryEvent): string {
  const json = eventJson(sequence, event);
  return `${checksum(json)} ${json}\n`;
}

/** @returns undefined where it is torn, or another's */
export function parseEventLine(line: string): HistoryEvent | undefined {
  const [, sum, json = ''] = /^([0-9a-f]{8}) (\{.*\})$/.exec(line) ?? [];
  if (sum === undefined || checksum(json) !== sum) return undefined;
  const { success, output } = v.safeParse(lineSchema, JSON.parse(json));
  if (!success) return undefined;
  if ('silence' in output) {
    const { time: timeMs, startsAt: startsAtMs, endsAt: endsAtMs, ...event } = output;
    return { ...event, timeMs, startsAtMs, endsAtMs };
  }
  if ('annotations' in output) {
    const { time: timeMs, startsAt: startsAtMs, endsAt: endsAtMs, ...event } = output;
    return { ...event, timeMs, startsAtMs, endsAtMs };
  }
  if ('problem' in output) {
    const { time: timeMs, flushAt: flushAtMs, ...event } = output;
    return { ...event, timeMs, flushAtMs };
  }
  const { time: timeMs, ...event } = output;
  return { ...event, timeMs };
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
