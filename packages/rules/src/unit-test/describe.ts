/** What promtool prints of tests that fail. Source: Prometheus, cmd/promtool/unittest.go. */
import { formatDuration } from '@vigie/core/durations';
import { formatGoFloat } from '@vigie/core/go-float';
import { quoteGo } from '@vigie/core/go-quote';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { describeLabels } from '@vigie/promql/text/labels';
import type { ExpectedSample } from './test-file.ts';

export interface LabelledAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
}

export function describeAlertFailure(
  testName: string,
  alertname: string,
  evalTimeMs: number,
  expected: readonly LabelledAlert[],
  got: readonly LabelledAlert[],
): string {
  const name = testName === '' ? '' : `    name: ${testName},\n`;
  const [exp, was] = [expected, got].map((alerts) => indent(describeAlerts(alerts), ' '.repeat(12)));
  return `${name}    alertname: ${alertname}, time: ${formatDuration(evalTimeMs)}, \n        exp:${exp}, \n        got:${was}`;
}

export function describeExprFailure(
  expr: string,
  evalTimeMs: number,
  expected: readonly ExpectedSample[],
  got: readonly ExpectedSample[],
): string {
  const [exp, was] = [expected, got].map(describeSamples);
  return `    expr: ${quoteGo(expr)}, time: ${formatDuration(evalTimeMs)},\n        exp: ${exp}\n        got: ${was}`;
}

export function describeExprError(expr: string, evalTimeMs: number, message: string): string {
  return `    expr: ${quoteGo(expr)}, time: ${formatDuration(evalTimeMs)}, err: ${message}`;
}

/** @param timestampMs of the evaluation, since 1970 */
export function describeRuleError(name: string, timestampMs: number, message: string): string {
  return `    rule: ${name}, time: ${goDuration(timestampMs)}, err: ${message}`;
}

function describeAlerts(alerts: readonly LabelledAlert[]): string {
  if (alerts.length === 0) return '[]';
  const items = alerts.map(({ labels, annotations }, index) => {
    const item = `\nLabels:${describeLabels(labels)}\nAnnotations:${describeLabels(annotations)}`;
    return `\n${index}:${indent(item, '  ')}`;
  });
  return `[${items.join(',')}\n]`;
}

function describeSamples(samples: readonly ExpectedSample[]): string {
  if (samples.length === 0) return 'nil';
  return samples
    .map(({ labels, value, histogram }) => {
      const text = histogram === '' ? formatGoFloat(value, 'e').replace('e', 'E') : histogram;
      return `${describeLabels(labels)} ${text}`;
    })
    .join(', ');
}

/** Every line but the first. */
function indent(lines: string, by: string): string {
  return lines.replaceAll('\n', `\n${by}`);
}

/** time.Duration.String: `1h0m0s`, `1m30s`, `500ms`. */
function goDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  const sizeMs = Math.abs(durationMs);
  if (sizeMs < 1000) return `${sign}${sizeMs}ms`;
  const hours = Math.floor(sizeMs / 3_600_000);
  const minutes = Math.floor(sizeMs / 60_000) % 60;
  const seconds = (sizeMs % 60_000) / 1000;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
