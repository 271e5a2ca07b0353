/** Which alerts others make superfluous. Source: Alertmanager 0.34.1, inhibit/inhibit.go: of alerts with equal labels all are remembered. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { InhibitRule } from '../config/inhibition-section.ts';
import { matchesAll } from '../matchers/alert-matcher.ts';

export interface InhibitingAlert {
  readonly fingerprint: string;
  readonly labels: LabelSet;
  /** Unix ms; undefined while it has no end. */
  readonly endsAtMs: number | undefined;
}

export interface Inhibition {
  readonly rule: InhibitRule;
  readonly source: InhibitingAlert;
}

interface Source {
  readonly alert: InhibitingAlert;
  /** Whether it is one that the rule inhibits, too. */
  readonly isTarget: boolean;
}

/** Sources by their fingerprint, by the labels that must be equal. */
type SourceIndex = Map<string, Map<string, Source>>;

export class Inhibitor {
  readonly #rules: readonly { readonly rule: InhibitRule; readonly sources: SourceIndex }[];

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map((rule) => ({ rule, sources: new Map() }));
  }

  /** Takes an alert that has come or changed. Those that neither inhibit nor are new cost a match of each rule. */
  set(alert: InhibitingAlert): void {
    for (const { rule, sources } of this.#rules) {
      if (!matchesAll(rule.source, alert.labels)) continue;
      const key = equalKey(rule.equal, alert.labels);
      const equals = sources.get(key) ?? new Map<string, Source>();
      sources.set(key, equals);
      equals.set(alert.fingerprint, { alert, isTarget: matchesAll(rule.target, alert.labels) });
    }
  }

  /** Forgets alerts that have ended.
   *  Cost: O(alerts remembered). */
  forgetEnded(nowMs: number): void {
    for (const { sources } of this.#rules) {
      for (const [key, equals] of sources) {
        for (const [fingerprint, { alert }] of equals) if (hasEnded(alert, nowMs)) equals.delete(fingerprint);
        if (equals.size === 0) sources.delete(key);
      }
    }
  }

  /** The first rule by which an alert is inhibited, with one alert that does it; undefined where none does. An alert that a rule
   *  both inhibits and is inhibited by is not inhibited by others of which the same is true.
   *  Cost: O(rules), and the alerts with equal labels that have ended since forgetEnded. */
  inhibitionOf(labels: LabelSet, nowMs: number): Inhibition | undefined {
    for (const { rule, sources } of this.#rules) {
      if (!matchesAll(rule.target, labels)) continue;
      const equals = sources.get(equalKey(rule.equalOfTarget ?? rule.equal, labels));
      if (equals === undefined) continue;
      const isSource = matchesAll(rule.source, labels);
      for (const { alert, isTarget } of equals.values()) {
        if (!hasEnded(alert, nowMs) && !(isSource && isTarget)) return { rule, source: alert };
      }
    }
    return undefined;
  }
}

/** Of values, as an absent label is the same as an empty one. */
function equalKey(names: readonly string[], labels: LabelSet): string {
  return names.map((name) => `${labels.get(name)}\xff`).join('');
}

function hasEnded({ endsAtMs }: InhibitingAlert, nowMs: number): boolean {
  return endsAtMs !== undefined && endsAtMs <= nowMs;
}
