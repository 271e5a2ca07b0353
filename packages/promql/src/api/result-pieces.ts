/** Answers as JSON in pieces, made as they are asked for: the whole of a large one never exists. */
import type { QueryUsage } from '../evaluate/budget.ts';
import type { InstantResult, InstantSample, RangeSeries } from '../evaluate/result.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { formatFloat } from '../text/float.ts';
import { jsonFloat, jsonHistogram, jsonLabels, jsonString, jsonText, jsonTime } from './json-text.ts';

export type Pieces = Iterable<string>;

/** Characters after which a piece is handed out: under a millisecond of work, and a write that a socket takes. */
const PIECE_LENGTH = 64 * 1024;

/** Prometheus shows no more of either. */
const MAX_ANNOTATIONS = 10;

export interface Notes {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export const NO_NOTES: Notes = { warnings: [], infos: [] };

/** What came under way, at the end of an answer. */
export interface QueryStats {
  readonly queuedSeconds: number;
  readonly evaluationSeconds: number;
  readonly usage: QueryUsage;
}

/** A successful answer around its data. */
export function* answerPieces(data: Pieces, { warnings, infos }: Notes): Generator<string> {
  yield '{"status":"success","data":';
  yield* data;
  yield `${notesText('warnings', 'warning', warnings)}${notesText('infos', 'info', infos)}}`;
}

function notesText(key: string, name: string, notes: readonly string[]): string {
  if (notes.length === 0) return '';
  const shown = notes.slice(0, MAX_ANNOTATIONS);
  const omitted = notes.length - shown.length;
  if (omitted > 0) shown.push(`${omitted} more ${name} annotations omitted`);
  return `,"${key}":${jsonText(shown)}`;
}

export function* instantPieces(result: InstantResult, stats: QueryStats | undefined): Generator<string> {
  yield `{"resultType":"${result.type}","result":`;
  switch (result.type) {
    // Times of these two are floats in Prometheus, without zeros at the end.
    case 'scalar':
      yield `[${result.timestampMs / 1000},"${formatFloat(result.value)}"]`;
      break;
    case 'string':
      yield `[${result.timestampMs / 1000},${jsonString(result.value)}]`;
      break;
    case 'vector':
      yield* listPieces(vectorTexts(result.samples, result.timestampMs));
      break;
    case 'matrix':
      yield* matrixPieces(result.series, (timestampMs) => `[${jsonTime(timestampMs)},"`);
      break;
  }
  yield `${statsText(stats)}}`;
}

/** @param steps of the query: their times are written once, and not for each series */
export function* rangePieces(
  series: readonly RangeSeries[],
  { startMs, stepMs }: { readonly startMs: number; readonly stepMs: number },
  stats: QueryStats | undefined,
): Generator<string> {
  const texts: string[] = [];
  yield '{"resultType":"matrix","result":';
  yield* matrixPieces(series, (timestampMs) => {
    const step = Math.round((timestampMs - startMs) / stepMs);
    let text = texts[step];
    if (text === undefined) {
      text = `[${jsonTime(timestampMs)},"`;
      texts[step] = text;
    }
    return text;
  });
  yield `${statsText(stats)}}`;
}

function* vectorTexts(samples: readonly InstantSample[], timestampMs: number): Generator<string> {
  const time = `[${jsonTime(timestampMs)},`;
  for (const { labels, value, histogram } of samples) {
    yield histogram === undefined
      ? `{"metric":${jsonLabels(labels)},"value":${time}"${jsonFloat(value)}"]}`
      : `{"metric":${jsonLabels(labels)},"histogram":${time}${jsonHistogram(histogram)}]}`;
  }
}

/** One piece may have many series, one series many pieces.
 *  @param floatStart the begin of a sample: `[1435781451.781,"` */
function* matrixPieces(series: readonly RangeSeries[], floatStart: (timestampMs: number) => string): Generator<string> {
  let text = '[';
  let separator = '';
  for (const one of series) {
    text += separator;
    separator = ',';
    for (const part of seriesTexts(one, floatStart)) {
      text += part;
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = '';
    }
  }
  yield `${text}]`;
}

/** Samples that are joined at a time: joined, they take a tenth less time than appended one after the other. */
const BATCH = 512;

/** Floats come before histograms. */
function* seriesTexts(
  { labels, timestampsMs, values, histograms }: RangeSeries,
  floatStart: (timestampMs: number) => string,
): Generator<string> {
  yield `{"metric":${jsonLabels(labels)}`;
  const batch: string[] = [];
  let floats = 0;
  for (let at = 0; at < values.length; at++) {
    if (histograms?.[at] !== undefined) continue;
    if (batch.length === BATCH) yield floatsText(batch.splice(0), floats);
    batch.push(floatStart(timestampsMs[at]!) + jsonFloat(values[at]!));
    floats++;
  }
  if (floats > 0) yield `${floatsText(batch, floats)}]`;
  if (histograms !== undefined && floats < values.length) {
    let lead = ',"histograms":[';
    for (let at = 0; at < values.length; at++) {
      const histogram = histograms[at];
      if (histogram === undefined) continue;
      yield `${lead}[${jsonTime(timestampsMs[at]!)},${jsonHistogram(histogram)}]`;
      lead = ',';
    }
    yield ']';
  }
  yield '}';
}

/** @param floats of the series so far, the batch included */
function floatsText(batch: readonly string[], floats: number): string {
  return `${floats === batch.length ? ',"values":[' : ','}${batch.join('"],')}"]`;
}

/** A list of what is JSON already. */
export function* listPieces(texts: Iterable<string>): Generator<string> {
  let text = '[';
  let separator = '';
  for (const one of texts) {
    text += separator + one;
    separator = ',';
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

export function stringPieces(values: readonly string[]): Pieces {
  return listPieces(mapped(values, jsonString));
}

export function labelPieces(sets: readonly LabelSet[]): Pieces {
  return listPieces(mapped(sets, jsonLabels));
}

function* mapped<T>(values: readonly T[], toText: (value: T) => string): Generator<string> {
  for (const value of values) yield toText(value);
}

/** Lists and objects down to here are written member by member: `data`, its groups, a group's rules, each rule. */
const MAX_SPLIT_DEPTH = 5;

/** Of what other parts of the program have made.
 *  @param value as JSON.stringify takes it */
export function* dataPieces(value: unknown, depth = 0): Generator<string> {
  if (typeof value !== 'object' || value === null || depth === MAX_SPLIT_DEPTH || 'toJSON' in value) {
    yield value === undefined ? 'null' : jsonText(value);
    return;
  }
  const isList = Array.isArray(value);
  let separator = '';
  yield isList ? '[' : '{';
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined && !isList) continue;
    yield isList ? separator : `${separator}${jsonString(key)}:`;
    yield* dataPieces(member, depth + 1);
    separator = ',';
  }
  yield isList ? ']' : '}';
}

function statsText(stats: QueryStats | undefined): string {
  if (stats === undefined) return '';
  const { queuedSeconds, evaluationSeconds, usage } = stats;
  const timings = {
    evalTotalTime: evaluationSeconds,
    resultSortTime: 0,
    queryPreparationTime: 0,
    innerEvalTime: evaluationSeconds,
    execQueueTime: queuedSeconds,
    execTotalTime: queuedSeconds + evaluationSeconds,
  };
  const samples = {
    totalQueryableSamples: usage.queryableSamples,
    samplesRead: usage.readSamples,
    peakSamples: usage.peakSamples,
  };
  return `,"stats":${jsonText({ timings, samples })}`;
}
