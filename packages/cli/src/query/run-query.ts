/** Asks for the answer to a query, and shows it. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { paintFor, plain } from '../terminal/style.ts';
import { printable } from '../terminal/text-width.ts';
import type { QueryResult } from './answer.ts';
import type { PrometheusAnswer } from './ask-prometheus.ts';
import { csvLines } from './csv.ts';
import { rangeText } from './range-text.ts';
import { markedQuery } from './refusal-text.ts';
import type { QueryRequest } from './request.ts';
import { sampleTable } from './sample-table.ts';

export const OUTPUT_FORMATS = ['auto', 'table', 'json', 'csv'] as const;
/** `auto`: a chart and a summary for ranges, a table for the rest. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** The parts of process.stdout and process.stderr that are needed. */
export interface Terminal {
  readonly stdout: NodeJS.WritableStream & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_COLUMNS = 80;
const CHART_ROWS = 12;
const LEAST_CHART_ROWS = 4;
/** Of the screen, for axis, summary and prompt. */
const ROWS_BESIDE_CHART = 10;

/** @param advice what a user may do about an answer that is too large
 *  @throws {VigieError} where there is none */
export type AskQuery = (request: QueryRequest, advice: string) => Promise<PrometheusAnswer>;

/** @returns 2 for a query that cannot be parsed
 *  @throws {VigieError} as `ask` does */
export async function runQuery(
  request: QueryRequest,
  ask: AskQuery,
  format: OutputFormat,
  terminal: Terminal,
): Promise<ExitCode> {
  const { text, origin, answer } = await ask(request, 'aggregate, or take a longer --step');
  if (answer.status === 'error') {
    const lines = [`vigie: ${origin} answers ${printable(`${answer.errorType}: ${answer.error}`)}`];
    for (const line of [...lines, ...markedQuery(request.promql, answer.error)]) terminal.stderr.write(`${line}\n`);
    return answer.errorType === 'bad_data' ? 2 : 1;
  }
  const { result } = answer;
  if ('series' in result && result.series.length === 0) terminal.stderr.write('vigie: no series\n');
  for (const note of answer.notes) terminal.stderr.write(`vigie: ${printable(note)}\n`);
  await write(format === 'json' ? [text.trimEnd()] : resultLines(result, request, format, terminal), terminal);
  return 0;
}

function resultLines(
  result: QueryResult,
  request: QueryRequest,
  format: OutputFormat,
  { stdout, env }: Terminal,
): readonly string[] {
  if (format === 'csv') return csvLines(result);
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  if (format === 'table' || request.type === 'instant' || result.type !== 'matrix') {
    return sampleTable(result, stdout.isTTY === true ? (stdout.columns ?? DEFAULT_COLUMNS) : undefined, paint);
  }
  const rows = Math.min(CHART_ROWS, (stdout.rows ?? CHART_ROWS + ROWS_BESIDE_CHART) - ROWS_BESIDE_CHART);
  return rangeText(result.series, request.range, {
    columns: stdout.columns ?? DEFAULT_COLUMNS,
    rows: Math.max(LEAST_CHART_ROWS, rows),
    isColoured: paint !== plain,
    paint,
  });
}

async function write(lines: readonly string[], { stdout }: Terminal): Promise<void> {
  if (lines.length === 0) return;
  try {
    await pipeline(Readable.from([`${lines.join('\n')}\n`]), stdout, { end: false });
  } catch (error) {
    // The reader has seen enough, as `head` has.
    if (errorCode(error) !== 'EPIPE') throw error;
  }
}
