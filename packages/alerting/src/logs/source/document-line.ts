/** Lines of documents in Elastic's Common Schema. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { LogLine } from '../log-source.ts';
import { documentField, labelOf, MESSAGE } from '../query/field-names.ts';
import { member } from './ask.ts';

const NAMES = ['namespace', 'pod', 'container', 'node', 'stream'];

/** @param source `_source` of a document
 *  @param names of more fields that are to be labels
 *  @returns undefined where it has no time */
export function lineOf(source: unknown, names: readonly string[]): LogLine | undefined {
  const timeNs = timeNsOf(member(source, '@timestamp'));
  if (timeNs === undefined) return undefined;
  const labels = [...NAMES, ...names].map((name) => [labelOf(name), textAt(source, documentField(name))] as const);
  return { timeNs, message: textAt(source, MESSAGE), labels: LabelSet.of(labels) };
}

/** `a.b` is in `{a: {b: 1}}` and in `{"a.b": 1}`. */
function textAt(source: unknown, field: string): string {
  const path = field.replace(/\.keyword$/, '').split('.');
  const value = member(source, path.join('.')) ?? member(source, ...path);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** RFC 3339 with any number of decimals, or Unix ms.
 *  @returns Unix ns; undefined where it is neither */
export function timeNsOf(written: unknown): bigint | undefined {
  if (typeof written === 'number')
    return Number.isFinite(written) ? BigInt(Math.trunc(written)) * 1_000_000n : undefined;
  if (typeof written !== 'string') return undefined;
  const [, before = '', decimals = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)$/.exec(written) ?? [];
  const seconds = Date.parse(before + zone);
  if (Number.isNaN(seconds)) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt(decimals.padEnd(9, '0').slice(0, 9));
}
