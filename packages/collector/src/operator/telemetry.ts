/** What the collector counts of the objects of the Prometheus operator. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { OperatorObjects } from './operator-objects.ts';

export const OPERATOR_METRICS = {
  operatorKindUp: {
    name: 'vigie_collector_operator_kind_up',
    type: 'gauge',
    help: '1 while the cluster has the kind of the Prometheus operator and the API server tells of it.',
    labels: ['kind'],
  },
  operatorObjects: {
    name: 'vigie_collector_operator_objects',
    type: 'gauge',
    help: 'Objects of the Prometheus operator, by kind and whether they can be used.',
    labels: ['kind', 'state'],
  },
  operatorJobs: {
    name: 'vigie_collector_operator_jobs',
    type: 'gauge',
    help: 'Scrape jobs that objects ask for.',
    labels: ['kind'],
  },
  operatorFailures: {
    name: 'vigie_collector_operator_failures_total',
    type: 'counter',
    help: 'Lists and watches of objects that failed or were refused, by kind.',
    labels: ['kind'],
  },
  operatorAssetFailures: {
    name: 'vigie_collector_operator_asset_failures_total',
    type: 'counter',
    help: 'Secrets and ConfigMaps named by objects that could not be read.',
    labels: [],
  },
} as const satisfies MetricTable;

export function reportOperatorObjects(objects: OperatorObjects, report: Report<typeof OPERATOR_METRICS>): void {
  const outcomes = [...objects.outcomes];
  for (const { kind, isCurrent, failures } of objects.watches) {
    const own = outcomes.filter((one) => one.kind === kind.kind);
    const accepted = own.filter(({ outcome }) => outcome.status === 'accepted').length;
    const labels = { kind: kind.kind };
    report('operatorKindUp', labels, isCurrent ? 1 : 0);
    report('operatorObjects', { ...labels, state: 'accepted' }, accepted);
    report('operatorObjects', { ...labels, state: 'refused' }, own.length - accepted);
    report(
      'operatorJobs',
      labels,
      own.reduce((sum, { jobs }) => sum + jobs, 0),
    );
    report('operatorFailures', labels, failures);
  }
  report('operatorAssetFailures', {}, objects.assetFailures);
}
