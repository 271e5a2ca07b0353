/** Test scripts as commands. */
import { parseDuration } from '@vigie/core/durations';
import { compileRegex, type Regex } from '@vigie/core/regex';
import type { LabelSet } from '../labels/label-set.ts';
import type { StoredSample } from '../storage/memory-storage.ts';
import { parseFloatText } from '../text/float.ts';
import { unquote } from '../text/quote.ts';
import { classicAsNative } from './classic-as-native.ts';
import { ScriptError } from './script-error.ts';
import { parseLabelsText, parseSeriesLine, type SequenceValue, type SeriesLine } from './series-line.ts';
import { parseStartTimes } from './start-times-line.ts';

export interface LoadedSeries {
  readonly labels: LabelSet;
  readonly samples: readonly StoredSample[];
}

export type ExpectationKind = 'ordered' | 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info';

export interface Expectation {
  readonly kind: ExpectationKind;
  /** Of the whole text; undefined for any. */
  readonly message: string | undefined;
  /** Anywhere in the text. */
  readonly regex: Regex | undefined;
}

export interface ExpectedSeries extends SeriesLine {
  /** From 1, in the order of the script. */
  readonly position: number;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  /** Of an instant query, start and end are the same, and the step is 0. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expectations: readonly Expectation[];
  readonly series: readonly ExpectedSeries[];
  readonly scalar: number | undefined;
  readonly string: string | undefined;
  /** An instant query answers with a range vector whose samples are at these times. */
  readonly matrix: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | undefined;
}

export type Command =
  | { readonly kind: 'clear'; readonly line: number }
  | { readonly kind: 'load'; readonly line: number; readonly series: readonly LoadedSeries[] }
  | EvalCommand;

/** @throws {ScriptError} for the first line that cannot be read */
export function parseScript(text: string): readonly Command[] {
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? '' : trimmed;
  });
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at]!;
    if (first === '') {
      at += 1;
      continue;
    }
    let end = at + 1;
    const word = /^[a-z_]+/i.exec(first)?.[0].toLowerCase() ?? '';
    if (word === 'clear') commands.push({ kind: 'clear', line: at + 1 });
    else if (word.startsWith('load') || word.startsWith('eval')) {
      while (end < lines.length && lines[end] !== '') end++;
      const block = { first, line: at + 1, rest: lines.slice(at + 1, end) };
      commands.push(word.startsWith('load') ? parseLoad(block) : parseEval(block));
    } else {
      throw new ScriptError(at + 1, `invalid command ${JSON.stringify(first)}`);
    }
    at = end;
  }
  return commands;
}

interface Block {
  readonly first: string;
  /** Of `first`, from 1. */
  readonly line: number;
  readonly rest: readonly string[];
}

function duration(text: string, line: number): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new ScriptError(line, `invalid duration ${JSON.stringify(text)}`);
  return durationMs;
}

function parseLoad({ first, line, rest }: Block): Command {
  const match = /^load(_with_nhcb)?\s+(\S+)$/i.exec(first);
  if (match === null) throw new ScriptError(line, 'invalid load command. (load[_with_nhcb] <step:duration>)');
  const stepMs = duration(match[2] ?? '', line);
  const series = new Map<string, LoadedSeries>();
  let defaultStarts: readonly (number | undefined)[] = [];
  let starts: { readonly labels: LabelSet; readonly values: readonly (number | undefined)[] } | undefined;
  for (const [index, text] of rest.entries()) {
    const at = line + 1 + index;
    const startLine = /^(\S*)@st\s+(.*)$/.exec(text);
    if (startLine !== null) {
      const values = parseStartTimes(startLine[2] ?? '', at);
      if (startLine[1] === '') defaultStarts = values;
      else starts = { labels: parseLabelsText(startLine[1] ?? '', at), values };
      continue;
    }
    const { labels, values } = parseSeriesLine(text, at);
    if (starts !== undefined && !starts.labels.equals(labels)) {
      throw new ScriptError(at, '@st metric does not match the following sample line metric');
    }
    if (starts !== undefined && starts.values.length !== values.length) {
      throw new ScriptError(at, `@st line has ${starts.values.length} values but sample line has ${values.length}`);
    }
    const startOf = (sample: number): number | undefined =>
      starts === undefined ? defaultStarts[sample % Math.max(1, defaultStarts.length)] : starts.values[sample];
    series.set(labels.key, { labels, samples: samplesOf(values, stepMs, startOf) });
    starts = undefined;
  }
  const loaded = [...series.values()];
  return { kind: 'load', line, series: match[1] === undefined ? loaded : [...loaded, ...classicAsNative(loaded)] };
}

function samplesOf(
  values: readonly SequenceValue[],
  stepMs: number,
  startOf: (sample: number) => number | undefined,
): readonly StoredSample[] {
  const samples: StoredSample[] = [];
  for (const [index, { value }] of values.entries()) {
    if (value === undefined) continue;
    const timestampMs = index * stepMs;
    const startMs = startOf(index);
    samples.push({ timestampMs, value, startTimestampMs: startMs === undefined ? 0 : timestampMs + startMs });
  }
  return samples;
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/i;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/i;

function parseEval({ first, line, rest }: Block): EvalCommand {
  const instant = INSTANT.exec(first);
  const range = RANGE.exec(first);
  if (instant === null && range === null) throw new ScriptError(line, 'invalid evaluation command');
  const [, mode, from = '0s', to = from, step = '0s', rangeQuery = ''] = range ?? [
    undefined,
    instant?.[1],
    instant?.[2],
  ];
  const expectations: Expectation[] = [];
  const kind = expectationKind(mode);
  if (kind !== undefined) expectations.push({ kind, message: undefined, regex: undefined });
  const body = new ExpectedBody(line);
  for (const [index, text] of rest.entries()) body.add(text, line + 1 + index, expectations);
  return {
    kind: 'eval',
    line,
    query: instant === null ? rangeQuery : (instant[3] ?? ''),
    startMs: duration(from, line),
    endMs: duration(to, line),
    stepMs: duration(step, line),
    expectations,
    ...body.parts(),
  };
}

function expectationKind(text: string | undefined): ExpectationKind | undefined {
  switch (text) {
    case 'ordered':
    case 'fail':
    case 'warn':
    case 'no_warn':
    case 'info':
    case 'no_info':
      return text;
    default:
      return undefined;
  }
}

/** What stands below an eval command. */
class ExpectedBody {
  readonly #line: number;
  readonly #series: ExpectedSeries[] = [];
  #scalar: number | undefined;
  #string: string | undefined;
  #matrix: EvalCommand['matrix'];

  constructor(line: number) {
    this.#line = line;
  }

  add(text: string, line: number, expectations: Expectation[]): void {
    const matrix = /^expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(text);
    const failure = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text);
    const number = parseFloatText(text);
    if (matrix !== null) {
      const [startMs = 0, endMs = 0, stepMs = 0] = matrix.slice(1).map((part) => duration(part, line));
      this.#matrix = { startMs, endMs, stepMs };
    } else if (text.startsWith('expect string')) {
      this.#string = unquote(text.slice('expect string'.length).trim());
      if (this.#string === undefined) throw new ScriptError(line, 'expected string literal not valid');
    } else if (failure !== null) {
      const [, how, what = ''] = failure;
      expectations.push(how === 'message' ? message('fail', what) : regex('fail', what, line));
    } else if (/^expect\s/.test(text)) {
      expectations.push(parseExpectation(text, line));
    } else if (number !== undefined) {
      this.#scalar = number;
    } else {
      this.#series.push({ ...parseSeriesLine(text, line), position: this.#series.length + 1 });
    }
  }

  parts(): Pick<EvalCommand, 'series' | 'scalar' | 'string' | 'matrix'> {
    if (this.#scalar !== undefined && this.#series.length > 0) {
      throw new ScriptError(this.#line, 'expected both a scalar and series');
    }
    return { series: this.#series, scalar: this.#scalar, string: this.#string, matrix: this.#matrix };
  }
}

function parseExpectation(text: string, line: number): Expectation {
  const match = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/.exec(text);
  const kind = expectationKind(match?.[1]);
  if (match === null || kind === undefined) {
    throw new ScriptError(line, 'invalid expect statement, must match `expect <type> <match_type>: <string>` format');
  }
  const what = (match[3] ?? '').trim();
  if (match[2] === 'msg') return message(kind, what);
  return match[2] === 'regex' ? regex(kind, what, line) : { kind, message: undefined, regex: undefined };
}

function message(kind: ExpectationKind, text: string): Expectation {
  return { kind, message: text.trim(), regex: undefined };
}

function regex(kind: ExpectationKind, source: string, line: number): Expectation {
  try {
    return { kind, message: undefined, regex: compileRegex(source.trim()) };
  } catch {
    throw new ScriptError(line, `invalid regex ${source} for ${kind}`);
  }
}
