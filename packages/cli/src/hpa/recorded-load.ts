/** Recorded metrics from a file: CSV with a column for the time and one for each metric, or JSON with a list of points for each. */

import type { RecordedLoad } from '@vigie/collector/hpa/simulate';
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import { parseTime } from '../query/times.ts';

export type LoadsByName = ReadonlyMap<string, RecordedLoad>;

const jsonSchema = v.record(v.string(), v.array(v.tuple([v.union([v.string(), v.number()]), v.nullable(v.number())])));

/** @param file only named in problems
 *  @throws {VigieError} CONFIG_INVALID */
export function parseLoads(text: string, file: string): LoadsByName {
  return /^\s*\{/.test(text) ? parseJsonLoads(text, file) : parseCsvLoads(text, file);
}

function parseCsvLoads(text: string, file: string): LoadsByName {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [head = '', ...rows] = lines;
  const [time, ...names] = head.split(',').map((name) => name.trim());
  if (time !== 'time' || names.length === 0)
    throw invalid(`${file}:1: expected a head such as time,cpu with a column for each metric, got ${head}`);
  const points = names.map((): { timestampMs: number; value: number }[] => []);
  for (const [index, row] of rows.entries()) {
    const [at = '', ...values] = row.split(',').map((field) => field.trim());
    const timestampMs = parseTime(at, 0);
    const place = `${file}:${index + 2}`;
    if (timestampMs === undefined)
      throw invalid(`${place}: expected a time such as 2026-11-29T10:00:00Z or 1764410400, got ${at}`);
    for (const [column, list] of points.entries()) {
      const value = values[column] ?? '';
      // A gap.
      if (value === '') continue;
      if (Number.isNaN(Number(value))) throw invalid(`${place}: ${names[column]}: expected a number, got ${value}`);
      list.push({ timestampMs, value: Number(value) });
    }
  }
  return new Map(names.map((name, column) => [name, { points: inOrder(points[column] ?? []) }]));
}

function parseJsonLoads(text: string, file: string): LoadsByName {
  const expected = `${file}: expected {"METRIC": [[TIME, NUMBER], …], …}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new VigieError('CONFIG_INVALID', expected, { cause: error });
  }
  const decoded = v.safeParse(jsonSchema, json);
  if (!decoded.success) throw invalid(expected);
  const loads = new Map<string, RecordedLoad>();
  for (const [name, list] of Object.entries(decoded.output)) {
    const points = list.flatMap(([time, value]) => {
      const timestampMs = parseTime(String(time), 0);
      if (timestampMs === undefined) throw invalid(`${file}: ${name}: expected a time, got ${time}`);
      return value === null ? [] : [{ timestampMs, value }];
    });
    loads.set(name, { points: inOrder(points) });
  }
  return loads;
}

function inOrder(points: { timestampMs: number; value: number }[]): RecordedLoad['points'] {
  return points.sort((a, b) => a.timestampMs - b.timestampMs);
}

function invalid(message: string): VigieError {
  return new VigieError('CONFIG_INVALID', message);
}
