/** The notifications of testdata/alertmanager/cases.json. */
import { readFileSync } from 'node:fs';
import { LabelSet } from '@vigie/promql/labels/label-set';
import * as v from 'valibot';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import type { Notification } from '../../src/receivers/integration.ts';

const texts = v.record(v.string(), v.string());
const casesSchema = v.object({
  externalURL: v.string(),
  datasets: v.record(
    v.string(),
    v.object({
      receiver: v.string(),
      groupKey: v.string(),
      groupLabels: texts,
      routeLabels: texts,
      alerts: v.array(
        v.object({
          labels: texts,
          annotations: texts,
          startsAt: v.string(),
          endsAt: v.nullable(v.string()),
          generatorURL: v.string(),
        }),
      ),
    }),
  ),
  templates: v.array(v.object({ data: v.string(), source: v.string() })),
  receivers: v.array(v.object({ name: v.string(), data: v.string(), global: v.string(), config: v.string() })),
});

export function readTestdata(name: string): string {
  return readFileSync(new URL(`../../testdata/alertmanager/${name}`, import.meta.url), 'utf8');
}

export const CASES = v.parse(casesSchema, JSON.parse(readTestdata('cases.json')));

/** Of a flush after all that ended has ended. */
export function notificationOf(name: string): Notification {
  const dataset = CASES.datasets[name];
  if (dataset === undefined) throw new Error(`no dataset ${name}`);
  const { receiver, groupKey, groupLabels, routeLabels, alerts } = dataset;
  return {
    receiver,
    groupKey,
    groupLabels: LabelSet.of(groupLabels),
    routeLabels,
    reason: 'first notification',
    timeMs: Date.parse('2024-06-01T00:00:00Z'),
    alerts: alerts.map(({ labels, annotations, startsAt, endsAt, generatorURL }) => ({
      fingerprint: fingerprintOf(LabelSet.of(labels)),
      labels: LabelSet.of(labels),
      annotations: LabelSet.of(annotations),
      startsAtMs: Date.parse(startsAt),
      endsAtMs: endsAt === null ? undefined : Date.parse(endsAt),
      updatedAtMs: Date.parse(startsAt),
      generatorUrl: generatorURL,
    })),
  };
}
