/** `input_files` of a scenario: lines that were recorded, as if they were written in its time. */
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { VigieError } from '@vigie/core/errors';
import { type FileLine, fileLines } from '@vigie/core/file-lines';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { findFiles } from '@vigie/rules/file/glob-files';
import { CONTAINER, type InputLine, MAX_LINES } from '../input-lines.ts';
import type { RecordedFiles, Scenario } from '../scenario.ts';
import type { ContainerLine, ContainerLogs } from './container-logs.ts';
import { lineOfDocument, type RecordedLine } from './recorded-line.ts';

const MAX_LINE_BYTES = 2 ** 20;
/** Of the lines of a scenario, their messages and labels: they are kept in memory. */
const MAX_SIZE = 64 * 2 ** 20;
/** Of one file: what follows is mostly more of the same. */
const MOST_PROBLEMS = 10;
/** Of a line that is none. */
const SHOWN = 60;

const OPEN_BRACE = 0x7b;

/** @returns the scenario with the lines of its files among its own
 *  @throws {ConfigError} of lines that cannot be read, with their places; {VigieError} CONFIG_UNREADABLE; the signal's reason
 *  Memory: MAX_LINES lines and MAX_SIZE characters of them. */
export async function withRecordedLines(
  scenario: Scenario,
  containerLogs: ContainerLogs,
  signal: AbortSignal,
): Promise<Scenario> {
  const { recorded, lines, startMs, lengthMs, isOpenEnded } = scenario;
  if (recorded.length === 0) return scenario;
  const budget = new LineBudget(lines.length);
  const all = [...lines];
  for (const files of recorded) {
    const own = await readFiles(files, containerLogs, budget, signal);
    for (const line of movedTo(own, files, startMs)) all.push(line);
  }
  const endMs = isOpenEnded
    ? all.reduce((lastMs, { arrivesMs }) => Math.max(lastMs, arrivesMs - startMs), lengthMs)
    : lengthMs;
  return { ...scenario, lines: all.sort((a, b) => a.timeMs - b.timeMs), lengthMs: endMs };
}

async function readFiles(
  { place, patterns, fields }: RecordedFiles,
  containerLogs: ContainerLogs,
  budget: LineBudget,
  signal: AbortSignal,
): Promise<readonly RecordedLine[]> {
  const { files, unmatched } = await findFiles(patterns, '');
  if (unmatched.length > 0)
    throw new VigieError('CONFIG_UNREADABLE', `${place}: input_files: there is no file ${unmatched.join(', ')}`);
  const lines: RecordedLine[] = [];
  const problems: ConfigProblem[] = [];
  for (const file of new Set(files)) {
    const reader = new RecordedFile(file, fields, containerLogs);
    try {
      for await (const line of fileLines(file, MAX_LINE_BYTES, signal)) {
        for (const one of reader.take(line)) lines.push(budget.take(one, file, line.number));
        if (reader.isGivenUp) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConfigError) throw error;
      throw new VigieError('CONFIG_UNREADABLE', `cannot read the recorded lines of ${file}`, { cause: error });
    }
    for (const one of reader.end()) lines.push(one);
    problems.push(...reader.problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  if (lines.length === 0)
    throw new VigieError('CONFIG_INVALID', `${place}: input_files: there is no line in ${files.join(', ')}`);
  return lines;
}

/** As if the earliest, or the one of `since`, were written at `at`. */
function movedTo(
  lines: readonly RecordedLine[],
  { atMs, originMs, lateMs, arrivesMs }: RecordedFiles,
  startMs: number,
): readonly InputLine[] {
  const recordedMs = originMs ?? lines.reduce((ms, { timeMs }) => Math.min(ms, timeMs), Number.POSITIVE_INFINITY);
  return lines.map(({ message, labels, timeMs: writtenMs }) => {
    const timeMs = writtenMs - recordedMs + startMs + atMs;
    return { timeMs, arrivesMs: Math.max(timeMs + lateMs, startMs + arrivesMs), message, labels };
  });
}

class LineBudget {
  #lines: number;
  #size = 0;
  /** Lines of one container have the same labels: they are kept once. */
  readonly #labels = new Map<string, LabelSet>();

  constructor(lines: number) {
    this.#lines = lines;
  }

  /** @throws {ConfigError} where there are too many */
  take(line: RecordedLine, file: string, number: number): RecordedLine {
    const { key } = line.labels;
    const known = this.#labels.get(key);
    if (known === undefined) this.#labels.set(key, line.labels);
    this.#lines += 1;
    this.#size += line.message.length + (known === undefined ? key.length : 0);
    if (this.#lines > MAX_LINES)
      throw new ConfigError([problemAt(file, number, `no more than ${MAX_LINES} lines in a scenario`, 'more')]);
    if (this.#size > MAX_SIZE)
      throw new ConfigError([problemAt(file, number, 'no more than 64 MiB of lines in a scenario', 'more')]);
    return known === undefined ? line : { ...line, labels: known };
  }
}

class RecordedFile {
  readonly problems: ConfigProblem[] = [];
  #isBinary = false;
  readonly #file: string;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #containerLogs: ContainerLogs;
  readonly #ofContainer: Readonly<Record<string, string>>;
  /** What the streams of the container have begun and not ended. */
  readonly #open = new Map<
    ContainerLine['stream'],
    { readonly time: string; readonly parts: Buffer[]; size: number }
  >();

  constructor(file: string, fields: Readonly<Record<string, string>>, containerLogs: ContainerLogs) {
    this.#file = file;
    this.#fields = fields;
    this.#containerLogs = containerLogs;
    this.#ofContainer = { ...CONTAINER, ...containerLogs.labelsOf(file), ...fields };
  }

  /** Whether nothing is to be gained by reading on. */
  get isGivenUp(): boolean {
    return this.#isBinary || this.problems.length >= MOST_PROBLEMS;
  }

  /** @returns the line that it is, or ends; none for an empty one, one that goes on, and one that is a problem */
  take({ number, bytes }: FileLine): readonly RecordedLine[] {
    if (bytes === undefined) return this.#problem(number, 'a line of no more than 1 MiB', 'a longer one');
    const text = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
    if (text.length === 0) return [];
    if (text[0] === OPEN_BRACE) return this.#document(text, number);
    const line = this.#containerLogs.decode(text);
    if (line === undefined && text.includes(0)) {
      this.#isBinary = true;
      return this.#problem(number, 'a log, which is text', 'bytes that are none');
    }
    if (line === undefined) {
      const expected = 'a document in JSON, or a line such as 2026-11-29T10:00:00Z stdout F text';
      return this.#problem(number, expected, shown(text));
    }
    return this.#containerLine(line, number);
  }

  /** What was begun and has no end is a line, too. */
  end(): readonly RecordedLine[] {
    return [...this.#open].flatMap(([stream, { time, parts }]) => this.#lineOf(time, stream, parts) ?? []);
  }

  #document(text: Buffer, number: number): readonly RecordedLine[] {
    let document: unknown;
    try {
      document = JSON.parse(text.toString());
    } catch {
      return this.#problem(number, 'a document in JSON', shown(text));
    }
    const line = lineOfDocument(document, this.#fields);
    if (line !== undefined) return [line];
    return this.#problem(number, 'a document with @timestamp and message, as the agent writes them', shown(text));
  }

  #containerLine({ time, stream, message, isFragment }: ContainerLine, number: number): readonly RecordedLine[] {
    const open = this.#open.get(stream) ?? { time, parts: [], size: 0 };
    open.parts.push(Buffer.from(message));
    open.size += message.length;
    if (open.size > MAX_LINE_BYTES) {
      this.#open.delete(stream);
      return this.#problem(number, 'a message of no more than 1 MiB', 'a longer one');
    }
    if (isFragment) {
      this.#open.set(stream, open);
      return [];
    }
    this.#open.delete(stream);
    const line = this.#lineOf(open.time, stream, open.parts);
    return line === undefined ? this.#problem(number, 'a time that exists', time) : [line];
  }

  #lineOf(time: string, stream: ContainerLine['stream'], parts: readonly Buffer[]): RecordedLine | undefined {
    const timeMs = Date.parse(time);
    if (Number.isNaN(timeMs)) return undefined;
    const message = Buffer.concat(parts).toString();
    return { timeMs, message, labels: LabelSet.of({ ...this.#ofContainer, stream }) };
  }

  #problem(number: number, expected: string, got: string): readonly RecordedLine[] {
    this.problems.push(problemAt(this.#file, number, expected, got));
    return [];
  }
}

function problemAt(file: string, line: number, expected: string, got: string): ConfigProblem {
  return { file, line, column: 1, path: [], expected, got };
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('utf8', 0, SHOWN));
}
