/** The alerts that series, or groups of lines, are. Templates are expanded with the first value of each: what changes with the value does not
 *  tell alerts apart here. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { FoundAlert } from '@vigie/rules/alerts/alert';
import { addAlert, findAlerts } from '@vigie/rules/alerts/find-alerts';
import type { FoundSample, QueryVector } from '@vigie/rules/query';
import type { AlertingRule } from '@vigie/rules/rule';
import { withExternal } from '../rules/posted-alerts.ts';

export class AlertFinder {
  readonly #rule: AlertingRule;
  readonly #externalLabels: LabelSet;
  readonly #query: QueryVector;
  /** By the key of the series' labels. */
  readonly #known = new Map<string, FoundAlert>();

  /** @param query of templates */
  constructor(rule: AlertingRule, externalLabels: LabelSet, query: QueryVector) {
    this.#rule = rule;
    this.#externalLabels = externalLabels;
    this.#query = query;
  }

  /** What a rule has found at a time.
   *  @returns by the key of their labels
   *  @throws {RuleError} where two have the same; the signal's reason */
  async alertsOf(
    samples: readonly FoundSample[],
    timestampMs: number,
    signal: AbortSignal,
  ): Promise<Map<string, FoundAlert>> {
    const alerts = new Map<string, FoundAlert>();
    for (const sample of samples) {
      const alert = await this.#alertOf(sample, timestampMs, signal);
      addAlert(alerts, { ...alert, value: sample.value });
    }
    return alerts;
  }

  async #alertOf(sample: FoundSample, timestampMs: number, signal: AbortSignal): Promise<FoundAlert> {
    const { labels } = sample;
    const known = this.#known.get(labels.key);
    if (known !== undefined) return known;
    const context = {
      query: this.#query,
      externalLabels: new Map(this.#externalLabels.entries()),
      externalUrl: '',
    };
    const [alert] = (await findAlerts(this.#rule, [sample], timestampMs, context, signal)).values();
    const own = alert ?? { labels, source: labels, annotations: LabelSet.empty, value: 0 };
    const labelled = { ...own, labels: withExternal(own.labels, this.#externalLabels) };
    this.#known.set(labels.key, labelled);
    return labelled;
  }
}
