/** The schemas in which Alertmanager's event recorder has written its events: both have the same names, and differ in the shape of labels and of the
 *  alerts of a group, and in the names of inhibition rules. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

export interface AlertmanagerSchema {
  readonly labels: (labels: LabelSet) => unknown;
  /** @param alert as of an event that is about it alone */
  readonly inGroup: (alert: unknown) => unknown;
  /** @param rule without its name */
  readonly inhibitRule: (rule: object, name: string | undefined) => unknown;
}

/** By the names of formats. */
export const ALERTMANAGER_SCHEMAS = {
  /** Source: Alertmanager 0.34, eventrecorder/eventrecorderpb/eventrecorder.proto; the same in 0.33. */
  alertmanager: {
    labels: (labels) => ({ labels: Array.from(labels.entries(), ([key, value]) => ({ key, value })) }),
    inGroup: (alert) => ({ details: alert }),
    inhibitRule: (rule) => rule,
  },
  /** Source: Alertmanager, proto/eventrecorder/events/v2/events.proto, of after 0.34, which has it in place of the other. */
  'alertmanager-v2': {
    labels: (labels) => labels,
    inGroup: (alert) => alert,
    inhibitRule: (rule, name) => ({ ...rule, name }),
  },
} as const satisfies Readonly<Record<string, AlertmanagerSchema>>;
