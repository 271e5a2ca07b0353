/** What replicas have told each other of log rules: of each the state of the evaluation that was told of last, whoever made it. */
import type { LogRuleState } from './log-rule-state.ts';

export interface ToldLogRule {
  /** As LogRule.id. */
  readonly rule: string;
  /** Of the evaluation, Unix ms. */
  readonly atMs: number;
  /** As KeptState.definition. */
  readonly definition: string;
  /** undefined: it is too large to be told. */
  readonly state: LogRuleState | undefined;
}

export class ToldLogRules {
  readonly #rules = new Map<string, ToldLogRule>();

  /** @param told in place of what was told before */
  apply(told: ToldLogRule): void {
    this.#rules.set(told.rule, told);
  }

  get(rule: string): ToldLogRule | undefined {
    return this.#rules.get(rule);
  }

  all(): Iterable<ToldLogRule> {
    return this.#rules.values();
  }

  /** Forgets what there is of other rules. */
  retain(rules: ReadonlySet<string>): void {
    for (const rule of this.#rules.keys()) if (!rules.has(rule)) this.#rules.delete(rule);
  }
}
