import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import { expect, it } from 'vitest';
import { pendingEvent } from '../../src/history/pending-events.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import { Lab, MINUTE } from '../lab.ts';
import { config } from '../two-receivers.ts';
import { keptAlert } from './rule-alerts.ts';

const PENDING = keptAlert('Down', 'pending');
const FIRING = keptAlert('Down', 'firing');
const INACTIVE = keptAlert('Down', 'inactive');
const GONE = keptAlert('Down', undefined);

it.each<[string, RuleRecord | undefined, RuleRecord, string | undefined]>([
  ['is found, and waits for its time', undefined, PENDING, 'pending'],
  ['is found again after it was over', INACTIVE, PENDING, 'pending'],
  ['fires too early for a rule that was changed', FIRING, PENDING, 'pending'],
  ['goes on to wait', PENDING, keptAlert('Down', 'pending', 2), undefined],
  ['is over before it fires', PENDING, GONE, 'lapsed'],
  ['fires when its time is over', PENDING, FIRING, undefined],
  ['fires at once', undefined, FIRING, undefined],
  ['ends after it fired', FIRING, INACTIVE, undefined],
  ['is forgotten', INACTIVE, GONE, undefined],
])('of an alert that %s', (_, before, record, kind) => {
  expect(pendingEvent(before, record, (labels) => labels, 7)?.kind).toBe(kind);
});

it('is none of a series that a rule watches', () => {
  const { alert: _, flap: _flap, labels, ...place } = PENDING;
  const record: RuleRecord = { ...place, subject: 'series', labels, series: { labels, missingSinceMs: 3 } };
  expect(pendingEvent(undefined, record, (known) => known, 7)).toBeUndefined();
});

it('has the labels that the alert will be told with, and is not told again after a restart', async () => {
  const lab = new Lab(config());
  lab.externalLabels = LabelSet.of({ cluster: 'c' });
  await lab.start();
  await lab.engine.keepRules([PENDING]);
  await lab.engine.keepRules([keptAlert('Down', 'pending', 2)]);
  const labels = LabelSet.of({ alertname: 'Down', cluster: 'c' });
  expect(lab.history).toEqual([{ kind: 'pending', timeMs: 0, fingerprint: fingerprintOf(labels), labels }]);
  await lab.crash(MINUTE);
  await lab.engine.keepRules([PENDING]);
  await lab.engine.keepRules([GONE]);
  expect(lab.history.map(({ kind, timeMs }) => [kind, timeMs])).toEqual([
    ['pending', 0],
    ['lapsed', MINUTE],
  ]);
});
