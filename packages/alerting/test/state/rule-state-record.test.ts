import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert } from '@vigie/rules/alerts/alert';
import { writtenLabels } from '@vigie/rules/rule';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import { describe, expect, it } from 'vitest';
import { decodeStateRecord, encodeStateRecord } from '../../src/state/state-record.ts';

const labels = LabelSet.of({ alertname: 'A', x: '1' });
const place = { group: 'f.yml;g', rule: 'A', ruleLabels: writtenLabels({ severity: 'page', gone: '' }), nth: 1 };
const alert: Alert = {
  state: 'firing',
  labels,
  source: LabelSet.of({ x: '1' }),
  annotations: writtenLabels({ v: 'NaN', empty: '' }),
  value: Number.NaN,
  activeAtMs: 1,
  firedAtMs: 2,
  resolvedAtMs: undefined,
  resolveReason: undefined,
  lastSentAtMs: 4,
  validUntilMs: 5,
  keepFiringSinceMs: undefined,
  held: { by: 'no_data', sinceMs: 6 },
};

describe('what is kept of rules', () => {
  it.each<[string, RuleRecord]>([
    ['an alert', { ...place, subject: 'alert', labels, alert, flap: undefined }],
    [
      'an alert that is over, and flaps',
      {
        ...place,
        subject: 'alert',
        labels,
        alert: {
          ...alert,
          state: 'inactive',
          value: -1.5e-7,
          resolvedAtMs: 9,
          resolveReason: 'no_data',
          held: undefined,
        },
        flap: { labels, firedAtMs: [1, 2], flapping: { sinceMs: 1, fires: 7 } },
      },
    ],
    ['an alert that is no more', { ...place, subject: 'alert', labels, alert: undefined, flap: undefined }],
    ['a series', { ...place, subject: 'series', labels, series: { labels, missingSinceMs: undefined } }],
    ['a series that is gone', { ...place, subject: 'series', labels, series: { labels, missingSinceMs: 3 } }],
    ['a series that is forgotten', { ...place, subject: 'series', labels, series: undefined }],
  ])('is read as it was written: %s', (_, record) => {
    const text = encodeStateRecord({ kind: 'rule', record });
    expect(decodeStateRecord(text)).toEqual({ kind: 'rule', record });
  });
});
