/** What is kept over a restart, as JSON. Each record says what is now, whatever was said before: written twice, or in a snapshot and behind it,
 *  it changes nothing. Layout: docs/formats/alerting-state.md. */
import { jsonLabels, jsonString } from '@vigie/promql/api/json-text';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { writtenLabels } from '@vigie/rules/rule';
import { type RuleRecord, recordKey as ruleRecordKey } from '@vigie/rules/state/rule-record';
import * as v from 'valibot';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import type { NotificationEntry } from '../dispatch/notification-log.ts';
import type { Page } from '../escalation/page.ts';
import type { HeartbeatState } from '../heartbeat/expected-heartbeat.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { logRuleStateSchema } from '../logs/state/log-rule-state.ts';
import type { ToldLogRule } from '../logs/state/told-log-rules.ts';
import { AlertMatcher } from '../matchers/alert-matcher.ts';
import type { Claim } from '../outbox/outbox.ts';
import type { Silence } from '../silences/silence.ts';
import {
  alertRecord,
  RESOLVE_REASONS,
  ruleAlertSchema,
  ruleSeriesSchema,
  seriesRecord,
  writtenRuleRecord,
} from './rule-state-record.ts';

export type StateRecord =
  | { readonly kind: 'alert'; readonly alert: PostedAlert }
  /** undefined: the group is no more. */
  | { readonly kind: 'group'; readonly id: string; readonly nextFlushMs: number | undefined }
  /** What was told of a group; it ends the claim of the same integration. */
  | {
      readonly kind: 'told';
      readonly group: string;
      readonly integration: string;
      readonly entry: NotificationEntry;
    }
  /** Is about to be told. */
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'silence'; readonly silence: Silence }
  /** Of an alert or a series of a rule. */
  | { readonly kind: 'rule'; readonly record: RuleRecord }
  /** What whoever evaluated a log rule knew of it. */
  | { readonly kind: 'log_rule'; readonly told: ToldLogRule }
  /** undefined: the group is no more, or nobody was told of it. */
  | { readonly kind: 'page'; readonly id: string; readonly page: Page | undefined }
  /** undefined: it is no more expected. */
  | { readonly kind: 'heartbeat'; readonly name: string; readonly state: HeartbeatState | undefined };

/** What it says something of: of two with the same key, one holds. */
export function stateRecordKey(record: StateRecord): string {
  switch (record.kind) {
    case 'alert':
      return `alert\n${record.alert.fingerprint}`;
    case 'group':
      return `group\n${record.id}`;
    case 'told':
      return `told\n${record.group}\n${record.integration}`;
    case 'claim':
      return `claim\n${record.claim.group}\n${record.claim.integration}`;
    case 'silence':
      return `silence\n${record.silence.id}`;
    case 'rule':
      return `rule\n${ruleRecordKey(record.record)}`;
    case 'log_rule':
      return `log_rule\n${record.told.rule}`;
    case 'page':
      return `page\n${record.id}`;
    case 'heartbeat':
      return `heartbeat\n${record.name}`;
  }
}

export function encodeStateRecord(record: StateRecord): string {
  return record.kind === 'alert' ? alertText(record.alert) : JSON.stringify(writtenOf(record));
}

/** By hand, for there are thousands at a time: a third of the time of JSON.stringify. */
function alertText(alert: PostedAlert): string {
  const { labels, annotations, startsAtMs, endsAtMs = null, updatedAtMs, generatorUrl, hasTimeout } = alert;
  const reason = alert.resolveReason === undefined ? '' : `,"resolveReason":${jsonString(alert.resolveReason)}`;
  return `{"kind":"alert","labels":${jsonLabels(labels)},"annotations":${jsonLabels(annotations)},"startsAtMs":${startsAtMs},"endsAtMs":${endsAtMs},"updatedAtMs":${updatedAtMs},"generatorUrl":${jsonString(generatorUrl)},"hasTimeout":${hasTimeout}${reason}}`;
}

/** Member by member: what a record does not know, it could not read. */
function writtenOf(record: Exclude<StateRecord, { readonly kind: 'alert' }>): object {
  const { kind } = record;
  switch (kind) {
    case 'group':
      return { kind, id: record.id, nextFlushMs: record.nextFlushMs ?? null };
    case 'told': {
      const { group, integration } = record;
      const { timeMs, expiresAtMs, kept } = record.entry;
      const [firing, resolved, owed] = [[...record.entry.firing], [...record.entry.resolved], [...record.entry.owed]];
      const told = Array.from(record.entry.inPlace, ([id, fingerprints]) => [id, [...fingerprints]] as const);
      const inPlace = told.length === 0 ? undefined : Object.fromEntries(told);
      return { kind, group, integration, timeMs, firing, resolved, owed, inPlace, expiresAtMs, kept };
    }
    case 'claim': {
      const { groupId, group, integration, claimedAtMs, beganAtMs } = record.claim;
      return { kind, groupId, group, integration, claimedAtMs, beganAtMs };
    }
    case 'page':
      return { kind, id: record.id, page: record.page === undefined ? null : writtenPage(record.page) };
    case 'heartbeat': {
      const { heardAtMs = null, missingSinceMs = null } = record.state ?? {};
      return { kind, name: record.name, heardAtMs, missingSinceMs };
    }
    case 'silence': {
      const { id, startsAtMs, endsAtMs, createdBy, comment, annotations, updatedAtMs } = record.silence;
      const matcherSets = record.silence.matcherSets.map((set) =>
        set.map(({ name, operator, value }) => ({ name, operator, value })),
      );
      return { kind, id, matcherSets, startsAtMs, endsAtMs, createdBy, comment, annotations, updatedAtMs };
    }
    case 'rule':
      return writtenRuleRecord(record.record);
    case 'log_rule': {
      const { rule, atMs, definition, state = null } = record.told;
      return { kind, rule, atMs, definition, state };
    }
  }
}

function writtenPage({ group, labels, receiver, sinceMs, reached, told, acknowledgement }: Page): object {
  const { by = '', comment = '', atMs = 0, endsAtMs = null, covers = new Set() } = acknowledgement ?? {};
  const written = acknowledgement === undefined ? null : { by, comment, atMs, endsAtMs, covers: [...covers] };
  return { group, labels, receiver, sinceMs, reached: [...reached], told: [...told], acknowledgement: written };
}

const time = v.number();
const texts = v.record(v.string(), v.string());
const textSet = v.pipe(
  v.array(v.string()),
  v.transform((list) => new Set(list)),
);
const orNothing = v.pipe(
  v.nullable(time),
  v.transform((timeMs) => timeMs ?? undefined),
);
const page = v.pipe(
  v.strictObject({
    group: v.string(),
    labels: texts,
    receiver: v.string(),
    sinceMs: time,
    reached: textSet,
    told: textSet,
    acknowledgement: v.nullable(
      v.strictObject({ by: v.string(), comment: v.string(), atMs: time, endsAtMs: orNothing, covers: textSet }),
    ),
  }),
  v.transform(({ labels, acknowledgement, ...written }) => ({
    ...written,
    labels: LabelSet.of(labels),
    acknowledgement: acknowledgement ?? undefined,
  })),
);
const matcher = v.pipe(
  v.strictObject({ name: v.string(), operator: v.picklist(['=', '!=', '=~', '!~']), value: v.string() }),
  v.transform(({ name, operator, value }) => new AlertMatcher(name, operator, value)),
);

const schema = v.variant('kind', [
  v.pipe(
    v.strictObject({
      kind: v.literal('alert'),
      labels: texts,
      annotations: texts,
      startsAtMs: time,
      endsAtMs: orNothing,
      updatedAtMs: time,
      generatorUrl: v.string(),
      hasTimeout: v.boolean(),
      resolveReason: v.optional(v.picklist([...RESOLVE_REASONS, 'manual'])),
    }),
    v.transform(({ kind, ...written }): StateRecord => {
      const labels = LabelSet.of(written.labels);
      const annotations = writtenLabels(written.annotations);
      return { kind, alert: { ...written, fingerprint: fingerprintOf(labels), labels, annotations } };
    }),
  ),
  v.strictObject({ kind: v.literal('group'), id: v.string(), nextFlushMs: orNothing }),
  v.pipe(
    v.strictObject({
      kind: v.literal('told'),
      group: v.string(),
      integration: v.string(),
      timeMs: time,
      firing: textSet,
      resolved: textSet,
      owed: textSet,
      inPlace: v.optional(v.record(v.string(), textSet), {}),
      // Records before it named who was told.
      viaFallback: v.optional(v.boolean()),
      expiresAtMs: time,
      kept: v.optional(texts),
    }),
    v.transform(({ kind, group, integration, inPlace, viaFallback: _, ...entry }): StateRecord => {
      return { kind, group, integration, entry: { ...entry, inPlace: new Map(Object.entries(inPlace)) } };
    }),
  ),
  v.pipe(
    v.strictObject({
      kind: v.literal('claim'),
      groupId: v.string(),
      group: v.string(),
      integration: v.string(),
      claimedAtMs: time,
      // Records before it had one.
      beganAtMs: v.optional(time),
    }),
    v.transform(({ kind, beganAtMs, ...claim }): StateRecord => {
      return { kind, claim: { ...claim, beganAtMs: beganAtMs ?? claim.claimedAtMs } };
    }),
  ),
  v.pipe(
    v.strictObject({
      kind: v.literal('heartbeat'),
      name: v.string(),
      heardAtMs: orNothing,
      missingSinceMs: orNothing,
    }),
    v.transform(({ kind, name, heardAtMs, missingSinceMs }): StateRecord => {
      return { kind, name, state: heardAtMs === undefined ? undefined : { heardAtMs, missingSinceMs } };
    }),
  ),
  v.pipe(
    v.strictObject({ kind: v.literal('page'), id: v.string(), page: v.nullable(page) }),
    v.transform(
      ({ kind, id, page: read }): StateRecord => ({ kind, id, page: read === null ? undefined : { id, ...read } }),
    ),
  ),
  v.pipe(
    v.strictObject({
      kind: v.literal('silence'),
      id: v.string(),
      matcherSets: v.array(v.array(matcher)),
      startsAtMs: time,
      endsAtMs: time,
      createdBy: v.string(),
      comment: v.string(),
      annotations: texts,
      updatedAtMs: time,
    }),
    v.transform(({ kind, ...silence }): StateRecord => ({ kind, silence })),
  ),
  v.pipe(
    v.strictObject({
      kind: v.literal('log_rule'),
      rule: v.string(),
      atMs: time,
      definition: v.string(),
      state: v.nullable(logRuleStateSchema),
    }),
    v.transform(({ kind, state, ...told }): StateRecord => ({ kind, told: { ...told, state: state ?? undefined } })),
  ),
  v.pipe(
    ruleAlertSchema,
    v.transform((written): StateRecord => ({ kind: 'rule', record: alertRecord(written) })),
  ),
  v.pipe(
    ruleSeriesSchema,
    v.transform((written): StateRecord => ({ kind: 'rule', record: seriesRecord(written) })),
  ),
]);

/** @returns undefined where it is none: damaged, or of a later version */
export function decodeStateRecord(text: string): StateRecord | undefined {
  try {
    const decoded = v.safeParse(schema, JSON.parse(text));
    return decoded.success ? decoded.output : undefined;
  } catch {
    // Of JSON, or of a matcher's regular expression.
    return undefined;
  }
}
