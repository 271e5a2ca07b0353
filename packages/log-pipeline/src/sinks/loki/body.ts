/** A request under way: Loki's PushRequest whose streams carry two fields more, which Loki does not have: their labels when they
 *  come late, and their tenant. What is sent is made of it when it is sent: how late records are is known only then, and a
 *  request has one tenant. Source of the other numbers: pkg/push/push.proto. */
import { bug } from '@vigie/core/errors';
import { ProtoReader } from '@vigie/wire/protobuf/reader';
import { LENGTH_DELIMITED, ProtoWriter } from '@vigie/wire/protobuf/writer';
import type { StreamNames } from './streams.ts';

export const STREAM = 1;
export const LABELS = 1;
export const ENTRY = 2;
const LATE_LABELS = 100;
const TENANT = 101;

/** One stream's records in a body. */
export interface StreamGroup extends StreamNames {
  /** The entries, as fields of their stream. */
  readonly entries: Buffer;
  /** Of the first entry, which is the oldest: a log is written in order. Unix seconds. */
  readonly firstSeconds: number;
  readonly records: number;
}

/** What stands before the entries. */
export function streamHeader({ labels, lateLabels, tenant }: StreamNames): Buffer {
  const writer = new ProtoWriter();
  writer.string(LABELS, labels);
  writer.string(LATE_LABELS, lateLabels);
  if (tenant !== undefined) writer.string(TENANT, tenant);
  return writer.finish();
}

/** The body's groups, in their order; headers stand before entries. Cost: a look at each entry's length. */
export function streamGroups(body: Buffer): readonly StreamGroup[] {
  const groups: StreamGroup[] = [];
  const reader = new ProtoReader(body);
  while (reader.next()) {
    if (reader.field === STREAM) groups.push(readGroup(body, reader.message()));
    else reader.skip();
  }
  return groups;
}

function readGroup(body: Buffer, reader: ProtoReader): StreamGroup {
  let labels = '';
  let lateLabels = '';
  let tenant: string | undefined;
  let entriesAt = reader.end;
  let firstSeconds = 0;
  let records = 0;
  for (let at = reader.at; reader.next(); at = reader.at) {
    if (reader.field === LABELS) labels = reader.string();
    else if (reader.field === LATE_LABELS) lateLabels = reader.string();
    else if (reader.field === TENANT) tenant = reader.string();
    else if (reader.field !== ENTRY) reader.skip();
    else if (records++ > 0) reader.skip();
    else {
      entriesAt = at;
      firstSeconds = secondsOf(reader.message());
    }
  }
  return { labels, lateLabels, tenant, entries: body.subarray(entriesAt, reader.end), firstSeconds, records };
}

export interface EntryTime {
  readonly seconds: number;
  readonly lineBytes: number;
}

/** What refusals are judged by, of each entry. */
export function entryTimes({ entries }: StreamGroup): readonly EntryTime[] {
  const reader = new ProtoReader(entries);
  const times: EntryTime[] = [];
  while (reader.next()) {
    const entry = reader.message();
    let seconds = 0;
    let lineBytes = 0;
    while (entry.next()) {
      if (entry.field === 1) seconds = timestampSeconds(entry.message());
      else if (entry.field === 2) lineBytes = entry.bytes().length;
      else entry.skip();
    }
    times.push({ seconds, lineBytes });
  }
  return times;
}

function secondsOf(entry: ProtoReader): number {
  if (!entry.next() || entry.field !== 1) throw bug('an entry that does not begin with its time');
  return timestampSeconds(entry.message());
}

function timestampSeconds(timestamp: ProtoReader): number {
  let seconds = 0;
  while (timestamp.next()) {
    if (timestamp.field === 1) seconds = timestamp.uint();
    else timestamp.skip();
  }
  return seconds;
}

/** Loki's own PushRequest of these groups: one stream for each set of labels, its entries in the order of the groups.
 *  @param lateBeforeSeconds groups that begin before it go under their late labels */
export function pushRequest(groups: readonly StreamGroup[], lateBeforeSeconds: number): Buffer {
  const streams = new Map<string, Buffer[]>();
  for (const group of groups) {
    const labels = group.firstSeconds < lateBeforeSeconds ? group.lateLabels : group.labels;
    const entries = streams.get(labels);
    if (entries === undefined) streams.set(labels, [group.entries]);
    else entries.push(group.entries);
  }
  const writer = new ProtoWriter();
  for (const [labels, entries] of streams) {
    const header = new ProtoWriter();
    header.string(LABELS, labels);
    writer.tag(STREAM, LENGTH_DELIMITED);
    writer.varint(entries.reduce((sum, { length }) => sum + length, header.length));
    writer.raw(header.written);
    for (const part of entries) writer.raw(part);
  }
  return writer.written;
}
