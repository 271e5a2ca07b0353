/** What Vigie does beyond Prometheus for one rule, written as annotations: files stay valid for promtool and the schema of PrometheusRule. */
import { parseDuration } from '@vigie/core/durations';
import { describeError } from '@vigie/core/errors';
import { printExpr } from '@vigie/promql/syntax/print';
import type { FlapLimit } from '../alerts/flapping.ts';
import { presenceOf } from '../no-data/presence.ts';
import type { RuleQuery } from '../rule.ts';
import { type AlertOptions, NO_DATA } from '../rule-policy.ts';

const NO_DATA_OPTION = 'vigie_no_data';
const CLEAR_OPTION = 'vigie_clear_expr';
const FLAP_OPTION = 'vigie_flap';
const OPTIONS: ReadonlySet<string> = new Set([NO_DATA_OPTION, CLEAR_OPTION, FLAP_OPTION]);

/** Whether the annotation is an option, which nobody is told of. */
export function isAlertOption(annotation: string): boolean {
  return OPTIONS.has(annotation);
}

/** @param parse of expressions, which throws where one is none
 *  @param report is told the annotation, and what is expected of it */
export function readAlertOptions(
  annotations: Readonly<Record<string, string>>,
  query: RuleQuery,
  parse: (text: string) => RuleQuery,
  report: (annotation: string, expected: string) => void,
): AlertOptions {
  const written = (name: string): string | undefined =>
    Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  const noDataText = written(NO_DATA_OPTION);
  const noData = NO_DATA.find((one) => one === noDataText);
  if (noDataText !== undefined && noData === undefined) report(NO_DATA_OPTION, `one of ${NO_DATA.join(', ')}`);
  const flapText = written(FLAP_OPTION);
  const flap = flapText === undefined ? undefined : parseFlap(flapText);
  if (flapText !== undefined && flap === undefined)
    report(FLAP_OPTION, 'off, or how often in which time, such as 3 in 10m, at least twice');
  const clearText = written(CLEAR_OPTION);
  const presence = presenceOf(query.expr);
  return {
    noData,
    clear: clearText === undefined ? undefined : attempt(clearText),
    flap,
    presence: presence === undefined ? undefined : { text: printExpr(presence), expr: presence },
  };

  function attempt(text: string): RuleQuery | undefined {
    try {
      return parse(text);
    } catch (error) {
      report(CLEAR_OPTION, `a PromQL expression (${describeError(error)})`);
      return undefined;
    }
  }
}

/** `3 in 10m`, or `off`
 *  @returns undefined where it is neither */
export function parseFlap(text: string): FlapLimit | 'off' | undefined {
  if (text.trim() === 'off') return 'off';
  const [, fires = '', window = ''] = /^\s*(\d{1,3})\s+in\s+(\S+)\s*$/.exec(text) ?? [];
  const windowMs = parseDuration(window);
  return windowMs === undefined || windowMs === 0 || Number(fires) < 2 ? undefined : { fires: Number(fires), windowMs };
}
