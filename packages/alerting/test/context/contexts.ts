/** Options, alerts and sources of context, as tests need them. */
import { Redactor } from '@vigie/core/redaction/redactor';
import type { RangeSeries } from '@vigie/promql/evaluate/result';
import { LabelSet } from '@vigie/promql/labels/label-set';
import {
  CONTEXT_PARTS,
  type ContextOptions,
  DEFAULT_LINKS,
  type LogLineOptions,
} from '../../src/context/context-options.ts';
import type { Alert } from '../../src/dispatch/alert.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import type { LogLine } from '../../src/logs/log-source.ts';

export const NOW = Date.parse('2026-11-29T10:00:00Z');
export const EXTERNAL_URL = 'https://alerts.example/am';

export function lineOptions(change: Partial<LogLineOptions> = {}): LogLineOptions {
  const redactor = new Redactor({ presets: ['email', 'jwt'], patterns: [], hashKey: undefined });
  return { lines: 10, sizeBytes: 2048, sinceMs: 900_000, pods: 3, redactor, ...change };
}

export function contextOptions(change: Partial<ContextOptions> = {}): ContextOptions {
  return {
    parts: new Set(CONTEXT_PARTS),
    budgetMs: 2000,
    links: new Map(Object.entries(DEFAULT_LINKS)),
    logLines: lineOptions(),
    chartRangeMs: 3_600_000,
    ...change,
  };
}

export function alertOf(labels: Readonly<Record<string, string>>, change: Partial<Alert> = {}): Alert {
  const set = LabelSet.of(labels);
  return {
    fingerprint: fingerprintOf(set),
    labels: set,
    annotations: LabelSet.empty,
    startsAtMs: NOW - 60_000,
    endsAtMs: undefined,
    updatedAtMs: NOW,
    generatorUrl: '',
    ...change,
  };
}

export function logLine(message: string, timeMs = NOW): LogLine {
  return { timeNs: BigInt(timeMs) * 1_000_000n, message, labels: LabelSet.empty };
}

export function seriesOf(labels: Readonly<Record<string, string>>, values: readonly number[] = [1, 2, 3]): RangeSeries {
  return {
    labels: LabelSet.of(labels),
    timestampsMs: Float64Array.from(values, (_, index) => NOW - 1000 * (values.length - index)),
    values: Float64Array.from(values),
    histograms: undefined,
  };
}
