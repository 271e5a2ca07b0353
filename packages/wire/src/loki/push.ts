/** Loki's push request: as Protocol Buffers (within a snappy block) and as JSON. Source: pkg/push/push.proto of Loki 3 and its
 *  HTTP API, "POST /loki/api/v1/push". */
import { LimitError, MalformedError } from '../errors.ts';
import { arrayAt, objectAt, parseJson, textAt } from '../json-text.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { formatLabels, isLabelName, type Labels, parseLabels } from './labels.ts';

export interface PushRequest {
  readonly streams: readonly PushStream[];
}

export interface PushStream {
  readonly labels: Labels;
  readonly entries: readonly PushEntry[];
}

export interface PushEntry {
  /** Since 1970. */
  readonly timeUnixNano: bigint;
  readonly line: string;
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

/** An entry of four bytes becomes objects of a hundred, so that a request's size alone bounds too little. */
export interface PushLimits {
  readonly streams: number;
  readonly entries: number;
  /** Pairs of structured metadata over the whole request. */
  readonly metadata: number;
}

const DEFAULT_LIMITS: PushLimits = { streams: 10_000, entries: 100_000, metadata: 1_000_000 };
const SECOND = 1_000_000_000n;
const MAX_NANOS = 999_999_999;

export function encodePushRequest(request: PushRequest): Buffer {
  const writer = new ProtoWriter();
  for (const { labels, entries } of request.streams) {
    writer.message(1, () => {
      writer.string(1, formatLabels(labels));
      for (const entry of entries) writer.message(2, () => writePushEntry(writer, entry));
    });
  }
  return writer.finish();
}

function writePushEntry(writer: ProtoWriter, { timeUnixNano, line, metadata }: PushEntry): void {
  writer.message(1, () => {
    const nanos = ((timeUnixNano % SECOND) + SECOND) % SECOND;
    writer.int64(1, (timeUnixNano - nanos) / SECOND);
    writer.uint(2, Number(nanos));
  });
  writer.string(2, line);
  for (const [name, value] of metadata) {
    writer.message(3, () => {
      writer.string(1, name);
      writer.string(2, value);
    });
  }
}

/** What is left of the limits while one request is read. */
class Allowance {
  readonly #limits: PushLimits;
  readonly #used = { streams: 0, entries: 0, metadata: 0 };

  constructor(limits: PushLimits) {
    this.#limits = limits;
  }

  /** @throws {LimitError} */
  take(what: keyof PushLimits): void {
    if (++this.#used[what] > this.#limits[what]) throw new LimitError(what, this.#limits[what]);
  }
}

/** @throws {MalformedError | LimitError} */
export function decodePushRequest(bytes: Buffer, limits: PushLimits = DEFAULT_LIMITS): PushRequest {
  const reader = new ProtoReader(bytes);
  const allowance = new Allowance(limits);
  const streams: PushStream[] = [];
  while (reader.next()) {
    if (reader.field === 1) streams.push(readStream(reader.message(), allowance));
    else reader.skip();
  }
  return { streams };
}

function readStream(reader: ProtoReader, allowance: Allowance): PushStream {
  allowance.take('streams');
  let labels: Labels = new Map();
  const entries: PushEntry[] = [];
  while (reader.next()) {
    if (reader.field === 1) labels = parseLabels(reader.string());
    else if (reader.field === 2) entries.push(readEntry(reader.message(), allowance));
    else reader.skip();
  }
  return { labels, entries };
}

function readEntry(reader: ProtoReader, allowance: Allowance): PushEntry {
  allowance.take('entries');
  let timeUnixNano = 0n;
  let line = '';
  const metadata: [string, string][] = [];
  while (reader.next()) {
    if (reader.field === 1) timeUnixNano = readTimestamp(reader.message());
    else if (reader.field === 2) line = reader.string();
    else if (reader.field === 3) metadata.push(readPair(reader.message(), allowance));
    else reader.skip();
  }
  return { timeUnixNano, line, metadata };
}

/** google.protobuf.Timestamp */
function readTimestamp(reader: ProtoReader): bigint {
  let seconds = 0n;
  let nanos = 0;
  while (reader.next()) {
    if (reader.field === 1) seconds = reader.int64();
    else if (reader.field === 2) nanos = reader.uint();
    else reader.skip();
  }
  if (nanos > MAX_NANOS) throw new MalformedError(`${nanos} nanoseconds`, reader.at);
  return seconds * SECOND + BigInt(nanos);
}

function readPair(reader: ProtoReader, allowance: Allowance): [string, string] {
  allowance.take('metadata');
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.string();
    else reader.skip();
  }
  return [name, value];
}

export function formatPushRequest(request: PushRequest): string {
  return JSON.stringify({
    streams: request.streams.map(({ labels, entries }) => ({
      stream: Object.fromEntries(labels),
      values: entries.map(({ timeUnixNano, line, metadata }) => [
        String(timeUnixNano),
        line,
        ...(metadata.length === 0 ? [] : [Object.fromEntries(metadata)]),
      ]),
    })),
  });
}

/** @throws {MalformedError | LimitError} */
export function parsePushRequest(text: string, limits: PushLimits = DEFAULT_LIMITS): PushRequest {
  const allowance = new Allowance(limits);
  const request = objectAt(parseJson(text), 'request');
  const streams = arrayAt(request.streams, 'streams').map((item, index): PushStream => {
    allowance.take('streams');
    const path = `streams[${index}]`;
    const { stream, values } = objectAt(item, path);
    return {
      labels: labelsOf(stream, `${path}.stream`),
      entries: arrayAt(values, `${path}.values`).map((value, at) => entryOf(value, `${path}.values[${at}]`, allowance)),
    };
  });
  return { streams };
}

function labelsOf(value: unknown, path: string): Labels {
  const pairs = Object.entries(objectAt(value, path)).map(([name, text]): [string, string] => {
    if (!isLabelName(name)) throw new MalformedError(`${path}: ${JSON.stringify(name)} is not the name of a label`);
    return [name, textAt(text, `${path}.${name}`)];
  });
  return new Map(pairs);
}

function entryOf(value: unknown, path: string, allowance: Allowance): PushEntry {
  allowance.take('entries');
  const [time, line, metadata] = arrayAt(value, path);
  if (typeof time !== 'string' || !/^-?\d{1,19}$/.test(time)) {
    throw new MalformedError(`${path}[0]: not nanoseconds as text`);
  }
  const pairs = Object.entries(objectAt(metadata ?? {}, `${path}[2]`)).map(([name, text]): [string, string] => {
    allowance.take('metadata');
    return [name, textAt(text, `${path}[2].${name}`)];
  });
  return { timeUnixNano: BigInt(time), line: textAt(line, `${path}[1]`), metadata: pairs };
}
