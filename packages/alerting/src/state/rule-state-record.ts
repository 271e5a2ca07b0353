/** What is kept of the alerts of rules, as JSON. Layout: docs/formats/alerting-state.md. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert } from '@vigie/rules/alerts/alert';
import { writtenLabels } from '@vigie/rules/rule';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import * as v from 'valibot';

/** Member by member: what a record does not know, it could not read. */
export function writtenRuleRecord(record: RuleRecord): object {
  const { group, rule, ruleLabels, nth, labels } = record;
  const of = { group, rule, ruleLabels, nth, labels };
  if (record.subject === 'series') {
    const { series } = record;
    const written = series === undefined ? null : { missingSinceMs: series.missingSinceMs ?? null };
    return { kind: 'rule_series', ...of, series: written };
  }
  const { alert, flap } = record;
  const writtenFlap =
    flap === undefined
      ? null
      : { firedAtMs: flap.firedAtMs, flapping: flap.flapping === undefined ? null : flap.flapping };
  return { kind: 'rule', ...of, alert: alert === undefined ? null : writtenAlert(alert), flap: writtenFlap };
}

function writtenAlert(alert: Alert): object {
  const { state, source, annotations, value, activeAtMs } = alert;
  return {
    state,
    source,
    annotations,
    // JSON has no NaN.
    value: String(value),
    activeAtMs,
    firedAtMs: alert.firedAtMs ?? null,
    resolvedAtMs: alert.resolvedAtMs ?? null,
    resolveReason: alert.resolveReason ?? null,
    lastSentAtMs: alert.lastSentAtMs ?? null,
    validUntilMs: alert.validUntilMs ?? null,
    keepFiringSinceMs: alert.keepFiringSinceMs ?? null,
    held: alert.held ?? null,
  };
}

export const RESOLVE_REASONS = ['recovered', 'no_data', 'rule_removed'] as const;

const time = v.number();
const texts = v.record(v.string(), v.string());
const labelSet = v.pipe(
  texts,
  v.transform((written) => LabelSet.of(written)),
);
/** With empty values. */
const asWritten = v.pipe(
  texts,
  v.transform((written) => writtenLabels(written)),
);

function orNothing<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.pipe(
    v.nullable(schema),
    v.transform((value) => value ?? undefined),
  );
}

const float = v.pipe(
  v.string(),
  v.regex(/^(?:NaN|-?Infinity|-?\d[\d.]*(?:e[+-]?\d+)?)$/),
  v.transform((text) => Number(text)),
);

const place = {
  group: v.string(),
  rule: v.string(),
  ruleLabels: asWritten,
  nth: v.pipe(v.number(), v.integer(), v.minValue(0)),
};

const alert = v.strictObject({
  state: v.picklist(['inactive', 'pending', 'firing']),
  source: labelSet,
  annotations: asWritten,
  value: float,
  activeAtMs: time,
  firedAtMs: orNothing(time),
  resolvedAtMs: orNothing(time),
  resolveReason: orNothing(v.picklist(RESOLVE_REASONS)),
  lastSentAtMs: orNothing(time),
  validUntilMs: orNothing(time),
  keepFiringSinceMs: orNothing(time),
  held: orNothing(v.strictObject({ by: v.picklist(['no_data', 'clear_expr', 'flapping']), sinceMs: time })),
});

const flap = v.strictObject({
  firedAtMs: v.array(time),
  flapping: orNothing(v.strictObject({ sinceMs: time, fires: v.number() })),
});

export const ruleAlertSchema = v.strictObject({
  kind: v.literal('rule'),
  ...place,
  labels: labelSet,
  alert: orNothing(alert),
  flap: orNothing(flap),
});

export const ruleSeriesSchema = v.strictObject({
  kind: v.literal('rule_series'),
  ...place,
  labels: labelSet,
  series: orNothing(v.strictObject({ missingSinceMs: orNothing(time) })),
});

export function alertRecord(written: v.InferOutput<typeof ruleAlertSchema>): RuleRecord {
  const { kind: _, alert: one, flap: flapping, labels, ...of } = written;
  return {
    ...of,
    subject: 'alert',
    labels,
    alert: one === undefined ? undefined : { ...one, labels },
    flap: flapping === undefined ? undefined : { ...flapping, labels },
  };
}

export function seriesRecord(written: v.InferOutput<typeof ruleSeriesSchema>): RuleRecord {
  const { kind: _, series, labels, ...of } = written;
  return { ...of, subject: 'series', labels, series: series === undefined ? undefined : { ...series, labels } };
}
