/** Records as Loki's entries: time, line and what is constant beside it are written straight from the batch. */
import {
  LENGTH_DELIMITED,
  PADDED_LENGTH_BYTES,
  ProtoWriter,
  putPaddedLength,
  putVarint,
  varintBytes,
} from '@vigie/wire/protobuf/writer';
import { type GroupShape, isRecord, type Room, type Rows } from '../../encode/group-shape.ts';
import { membersOf } from '../../encode/member-values.ts';
import { Utf8Messages } from '../../encode/utf8-messages.ts';
import type { EncodeResult, Kernel } from '../../kernel/kernel.ts';
import { FLAG_HIDE_MESSAGE, FLAG_SEVERITY_MASK, FLAG_SEVERITY_SHIFT, FLAG_STDERR } from '../../kernel/layout.ts';
import { readUnixTime } from '../../kernel/unix-time.ts';
import { ENTRY, STREAM, streamHeader } from './body.ts';
import { EqualTimes } from './equal-times.ts';
import { writeFields, writePair } from './metadata.ts';
import type { ContainerStreams } from './streams.ts';

export interface LokiShapeOptions {
  /** Of every record of the container. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
  readonly fields: boolean;
  readonly maxLineBytes: number;
  /** Told of each line that was cut, and of each pair of metadata that was left out. */
  readonly count: (event: 'line_cut' | 'metadata_omitted', amount: number) => void;
}

const STREAM_TAG = (STREAM << 3) | LENGTH_DELIMITED;
const ENTRY_TAG = (ENTRY << 3) | LENGTH_DELIMITED;
const TIMESTAMP_TAG = (1 << 3) | LENGTH_DELIMITED;
const LINE_TAG = (2 << 3) | LENGTH_DELIMITED;
const SECONDS_TAG = 1 << 3;
const NANOS_TAG = 2 << 3;
const NOTHING = Buffer.alloc(0);

export class LokiShape implements GroupShape {
  readonly #headers: { readonly stdout: Buffer; readonly stderr: Buffer };
  readonly #metadata: Buffer;
  readonly #taken: ReadonlySet<string>;
  readonly #options: LokiShapeOptions;
  readonly #messages = new Utf8Messages();
  readonly #scratch = new ProtoWriter();
  readonly #time = { seconds: 0, nanos: 0 };
  readonly #equalTimes: WeakMap<object, { readonly stdout: EqualTimes; readonly stderr: EqualTimes }>;

  /** @param equalTimes the sink's, by log: it outlives the shape */
  constructor(
    { stdout, stderr }: ContainerStreams,
    equalTimes: WeakMap<object, { readonly stdout: EqualTimes; readonly stderr: EqualTimes }>,
    options: LokiShapeOptions,
  ) {
    const header = streamHeader(stdout);
    this.#headers = { stdout: header, stderr: stderr.labels === stdout.labels ? header : streamHeader(stderr) };
    this.#equalTimes = equalTimes;
    this.#options = options;
    const writer = new ProtoWriter();
    for (const [name, value] of options.metadata) writePair(writer, name, value);
    this.#metadata = writer.finish();
    this.#taken = new Set(options.metadata.map(([name]) => name));
  }

  write({ kernel, first, end, log }: Rows, room: Room, wrote: (row: number) => void): EncodeResult {
    const { memory, table } = kernel;
    const times = this.#timesOf(log);
    this.#messages.begin(kernel, first, end);
    let out = room.start;
    let group = out;
    let header: Buffer | undefined;
    let row = first;
    let records = 0;
    for (; row < end; row++) {
      const flags = table.flags(row);
      if (!isRecord(flags)) continue;
      const isStderr = (flags & FLAG_STDERR) !== 0;
      const ownHeader = isStderr ? this.#headers.stderr : this.#headers.stdout;
      const headerBytes = ownHeader === header ? 0 : 1 + PADDED_LENGTH_BYTES + ownHeader.length;
      const line = this.#line(kernel, row, flags);
      const fields = this.#fields(kernel, row, flags);
      readUnixTime(memory, table.timeStart(row), table.timeLength(row), this.#time);
      // As long as the longest that `apply` can make of it.
      const timeBytes = 2 + varintBytes(this.#time.seconds + 1) + varintBytes(999_999_999);
      const bound = headerBytes + 16 + timeBytes + line + this.#metadata.length + fields.length;
      if (out >= room.softEnd || out + bound > room.hardEnd) break;
      if (headerBytes > 0) {
        if (header !== undefined) putPaddedLength(memory, group, out - group - PADDED_LENGTH_BYTES);
        memory[out] = STREAM_TAG;
        group = out + 1;
        memory.set(ownHeader, group + PADDED_LENGTH_BYTES);
        out = group + PADDED_LENGTH_BYTES + ownHeader.length;
        header = ownHeader;
      }
      (isStderr ? times.stderr : times.stdout).apply(kernel, row, this.#time);
      out = this.#putEntry(memory, out, line, fields);
      records++;
      wrote(row);
    }
    if (header !== undefined) putPaddedLength(memory, group, out - group - PADDED_LENGTH_BYTES);
    times.stdout.settle(kernel);
    times.stderr.settle(kernel);
    return { nextRow: row, records, writtenBytes: out - room.start };
  }

  #putEntry(memory: Buffer, start: number, lineBytes: number, fields: Buffer): number {
    const { seconds, nanos } = this.#time;
    const timeBytes = 2 + varintBytes(seconds) + varintBytes(nanos);
    const tail = this.#metadata.length + fields.length;
    let out = start;
    memory[out] = ENTRY_TAG;
    out = putVarint(memory, out + 1, 2 + timeBytes + 1 + varintBytes(lineBytes) + lineBytes + tail);
    memory[out] = TIMESTAMP_TAG;
    memory[out + 1] = timeBytes;
    memory[out + 2] = SECONDS_TAG;
    out = putVarint(memory, out + 3, seconds);
    memory[out] = NANOS_TAG;
    out = putVarint(memory, out + 1, nanos);
    memory[out] = LINE_TAG;
    out = putVarint(memory, out + 1, lineBytes);
    out = this.#messages.copyTo(memory, out);
    memory.set(this.#metadata, out);
    out += this.#metadata.length;
    memory.set(fields, out);
    return out + fields.length;
  }

  /** Makes ready the line for `copyTo`: the message, or where that is left out the members as a JSON object.
   *  @returns its bytes */
  #line({ memory, table }: Kernel, row: number, flags: number): number {
    const { maxLineBytes, count } = this.#options;
    const messages = this.#messages;
    if ((flags & FLAG_HIDE_MESSAGE) === 0) messages.read(row);
    else {
      const start = table.extraStart(row);
      messages.take(Buffer.from(`{${memory.toString('utf8', start, start + table.extraLength(row))}}`));
    }
    if (messages.length > maxLineBytes) {
      messages.cut(maxLineBytes);
      count('line_cut', 1);
    }
    return messages.length;
  }

  /** Valid until the next call. */
  #fields({ memory, table }: Kernel, row: number, flags: number): Buffer {
    const severity = (flags >>> FLAG_SEVERITY_SHIFT) & FLAG_SEVERITY_MASK;
    const isHidden = (flags & FLAG_HIDE_MESSAGE) !== 0;
    // Members that are the line already are not said twice.
    const hasFields = this.#options.fields && !isHidden && table.extraLength(row) > 0;
    if (!hasFields && severity === 0) return NOTHING;
    this.#scratch.clear();
    const members = hasFields ? membersOf(memory, table, row) : [];
    const omitted = writeFields(this.#scratch, members, severity, this.#taken);
    if (omitted > 0) this.#options.count('metadata_omitted', omitted);
    return this.#scratch.written;
  }

  #timesOf(log: object): { readonly stdout: EqualTimes; readonly stderr: EqualTimes } {
    let times = this.#equalTimes.get(log);
    if (times === undefined) {
      times = { stdout: new EqualTimes(), stderr: new EqualTimes() };
      this.#equalTimes.set(log, times);
    }
    return times;
  }
}
