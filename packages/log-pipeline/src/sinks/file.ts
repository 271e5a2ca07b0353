/** NDJSON documents in files that are rotated by size. */
import { filePath, integer, section, size } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { type DocumentFormat, documentShape, NO_OPENING, type RecordFacts } from '../encode/document.ts';
import type { JsonLineShape } from '../encode/json-lines.ts';
import { utcDay } from '../encode/utc-day.ts';
import { type NameTemplate, parseNameTemplate, renderNameTemplate } from './name-template.ts';
import { type AppendOutcome, RotatingFile, type RotationLimits } from './rotating-file.ts';
import type { SendOutcome, Sink, SinkDeps } from './sink.ts';
import { documentEntries, sinkEntries } from './sink-section.ts';

export const fileSchema = section({
  type: v.literal('file'),
  ...sinkEntries,
  ...documentEntries,
  /** With %Y, %m, %d: the UTC day of the record. */
  path: v.pipe(
    filePath(),
    v.rawTransform(({ dataset, addIssue, NEVER }): NameTemplate => {
      const parsed = parseNameTemplate(dataset.value);
      if (parsed.status === 'ok' && !parsed.template.hasFields) return parsed.template;
      addIssue({ message: 'a path, with %Y, %m and %d where it is to be dated' });
      return NEVER;
    }),
  ),
  rotate: v.optional(
    section({
      max_size: v.optional(size({ min: 4096 }), '100MiB'),
      keep: v.optional(integer({ min: 0, max: 1000 }), 5),
    }),
    {},
  ),
});

export type FileSinkConfig = v.InferOutput<typeof fileSchema>;

/** A backlog may hold records of a few days; more files than this are not kept open. */
const MAX_OPEN_FILES = 8;

export class FileSink implements Sink {
  readonly type = 'file';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly perUtcDay = false;
  readonly takesDeflate = false;
  readonly #format: DocumentFormat;
  readonly #template: NameTemplate;
  readonly #limits: RotationLimits;
  readonly #deps: SinkDeps;
  /** By path, the one used last at the end. */
  readonly #files = new Map<string, RotatingFile>();

  constructor(name: string, config: FileSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.#format = config.format;
    this.#template = config.path;
    this.#limits = { maxBytes: config.rotate.max_size, keep: config.rotate.keep };
    this.#deps = deps;
  }

  shape(facts: RecordFacts): JsonLineShape {
    return documentShape(facts, NO_OPENING, undefined, this.#format);
  }

  async start(): Promise<void> {
    // A folder that is missing or full shows when something is to be written.
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
    this.#files.clear();
  }

  /** Accepted means on the disk. The signal is not needed: a write ends by itself. */
  async send(body: Uint8Array, records: number): Promise<SendOutcome> {
    if (!this.#template.dated) {
      const outcome = await this.#append('', body);
      if (outcome.status === 'ok') return { status: 'accepted' };
      return { status: 'retryable', reason: 'storage', detail: outcome.detail };
    }
    const days = [...splitByDay(body)];
    const outcomes = await Promise.all(days.map(([day, { lines }]) => this.#append(day, Buffer.concat(lines))));
    const retry: number[] = [];
    let detail = '';
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'ok') continue;
      detail = outcome.detail;
      retry.push(...(days[at]?.[1].indices ?? []));
    }
    if (retry.length === 0) return { status: 'accepted' };
    if (retry.length === records) return { status: 'retryable', reason: 'storage', detail };
    return { status: 'items', retry: retry.sort((a, b) => a - b), rejected: [], reason: 'storage' };
  }

  #append(day: string, lines: Uint8Array): Promise<AppendOutcome> {
    const path = renderNameTemplate(this.#template, day, () => '');
    const file = this.#files.get(path) ?? this.#open(path);
    this.#files.delete(path);
    this.#files.set(path, file);
    return file.append(lines);
  }

  #open(path: string): RotatingFile {
    const [oldest] = this.#files;
    if (oldest !== undefined && this.#files.size >= MAX_OPEN_FILES) {
      this.#files.delete(oldest[0]);
      // Appends that were asked for are written before it closes; a failure is theirs to tell.
      void oldest[1].close().catch(() => undefined);
    }
    const { events } = this.#deps;
    return new RotatingFile(path, this.#limits, (bytes) => events.count(this.name, 'discarded_bytes', bytes));
  }
}

interface DayOfRecords {
  readonly indices: number[];
  readonly lines: Uint8Array[];
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
/** Where the time begins in a document: `{"@timestamp":"`. */
const TIME_AT = 15;

/** The records of a body by their UTC day, in their order within each. */
function splitByDay(body: Uint8Array): Map<string, DayOfRecords> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const days = new Map<string, DayOfRecords>();
  let index = 0;
  for (let start = 0; start < bytes.length; index++) {
    const end = bytes.indexOf(NEWLINE, start) + 1;
    const timeStart = start + TIME_AT;
    const day = utcDay(bytes, timeStart, bytes.indexOf(QUOTE, timeStart));
    let records = days.get(day);
    if (records === undefined) {
      records = { indices: [], lines: [] };
      days.set(day, records);
    }
    records.indices.push(index);
    records.lines.push(bytes.subarray(start, end));
    start = end;
  }
  return days;
}
