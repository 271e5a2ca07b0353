/** What alerting counts of the objects of the Prometheus operator. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { CustomObjects } from '@vigie/kube/custom-objects/custom-objects';
import type { Wishes } from './object-wishes.ts';

export const OPERATOR_METRICS = {
  operatorKindUp: {
    name: 'vigie_alerting_operator_kind_up',
    type: 'gauge',
    help: '1 while the cluster has the kind of the Prometheus operator in that version and the API server tells of it.',
    labels: ['kind', 'version'],
  },
  operatorObjects: {
    name: 'vigie_alerting_operator_objects',
    type: 'gauge',
    help: 'Objects of the Prometheus operator, by kind and whether they can be used.',
    labels: ['kind', 'state'],
  },
  operatorFailures: {
    name: 'vigie_alerting_operator_failures_total',
    type: 'counter',
    help: 'Lists and watches of objects that failed or were refused, by kind.',
    labels: ['kind'],
  },
  operatorAssetFailures: {
    name: 'vigie_alerting_operator_asset_failures_total',
    type: 'counter',
    help: 'Secrets and ConfigMaps named by objects that could not be read.',
    labels: [],
  },
} as const satisfies MetricTable;

export function reportOperatorObjects(
  { outcomes, watches, assetFailures }: Pick<CustomObjects<Wishes>, 'outcomes' | 'watches' | 'assetFailures'>,
  report: Report<typeof OPERATOR_METRICS>,
): void {
  for (const {
    kind: { kind, version },
    isCurrent,
    failures,
  } of watches) {
    report('operatorKindUp', { kind, version }, isCurrent ? 1 : 0);
    report('operatorFailures', { kind }, failures);
  }
  for (const kind of new Set(watches.map((watch) => watch.kind.kind))) {
    const own = outcomes.filter(({ object }) => object.kind === kind);
    const accepted = own.filter(({ outcome }) => outcome.status === 'accepted').length;
    report('operatorObjects', { kind, state: 'accepted' }, accepted);
    report('operatorObjects', { kind, state: 'refused' }, own.length - accepted);
  }
  report('operatorAssetFailures', {}, assetFailures);
}
