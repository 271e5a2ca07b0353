/** `external_labels`: the values are expanded as Go's os.Expand does, `$NAME` too; `${NAME:-default}` is ours.
 *  Source: Prometheus 3, config.Load. */
import type { Environment } from '@vigie/core/config/environment';
import type { Findings } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { LabelSet } from '@vigie/promql/labels/label-set';

const REFERENCE = /\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/** A variable that is not set is empty, as in Prometheus, and a warning. */
export function readExternalLabels(
  written: Readonly<Record<string, string>>,
  path: ConfigPath,
  environment: Environment,
  findings: Findings,
): LabelSet {
  const labels = Object.entries(written).map(([name, value]): [string, string] => {
    if (name === '') findings.problemAtKey([...path, name], 'the name of a label');
    return [name, expand(value, environment, (unset) => findings.warn([...path, name], `${unset} is not set`))];
  });
  return LabelSet.of(labels);
}

function expand(text: string, environment: Environment, warn: (name: string) => void): string {
  return text.replace(REFERENCE, (reference: string, braced?: string, fallback?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const value = environment[name] ?? '';
    if (value !== '') return value;
    if (fallback === undefined) warn(reference);
    return fallback ?? '';
  });
}
