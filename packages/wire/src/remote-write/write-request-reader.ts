/** Reads write requests of both protocols into columns. Source: prometheus v0.315.0, prompb/remote.proto, prompb/types.proto and
 *  prompb/io/prometheus/write/v2/types.proto. */
import { LimitError, MalformedError } from '../errors.ts';
import type { Exemplar } from '../exposition/entry.ts';
import { DROPPED } from '../exposition/scrape.ts';
import { type SeriesLabels, sortLabels } from '../exposition/series-labels.ts';
import { bucketMismatch } from '../native-histogram.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { VARINT } from '../protobuf/writer.ts';
import { readHistogram } from './histogram-message.ts';
import { BYTES_PER_KEY, KeyTable, NOT_FOUND, viewOf } from './key-table.ts';
import {
  FIELD_1,
  FIELD_2,
  FIELD_4,
  FIELD_5,
  NOT_PLAIN,
  shortVarint,
  shortVarintBytes,
  takePlainSample,
} from './plain.ts';
import { type RemoteWriteVersion, WRITTEN_TYPES } from './protocol.ts';
import { SymbolTable } from './symbol-table.ts';
import { WriteColumns, type WriteRequest, type WrittenMetadata } from './write-columns.ts';

/** Gives a series its number.
 *  @param labels as the sender wrote them but for their order: values may be empty, and a name may come twice, one behind the
 *  other; a new array
 *  @returns a reference below 2^32 - 1, the same for the same labels, or DROPPED
 *  Called once for a series, and each time for one that was DROPPED. */
export type ResolveWritten = (labels: SeriesLabels) => number;

/** A few bytes become objects of a hundred, so that a request's size alone bounds too little. */
export interface WriteLimits {
  readonly samples: number;
  readonly labels: number;
  readonly symbols: number;
  readonly metadata: number;
  /** Spans, buckets and bounds of one histogram. */
  readonly histogramParts: number;
  /** For series that are known by the bytes of their labels, over all requests: 40 of each. */
  readonly cacheBytes: number;
}

/** Prometheus sends 2,000 samples a request by default; others have been seen to send a hundred times that. */
export const DEFAULT_WRITE_LIMITS: WriteLimits = {
  samples: 1_000_000,
  labels: 512,
  symbols: 2_000_000,
  metadata: 100_000,
  histogramParts: 20_000,
  cacheBytes: 64 * 1024 ** 2,
};

/** Of one or many senders. */
export class WriteRequestReader {
  readonly #resolve: ResolveWritten;
  readonly #limits: WriteLimits;
  readonly #columns: WriteColumns;
  /** Of protocol 1.0, by the bytes of their labels. */
  readonly #byLabels: KeyTable;
  /** Of protocol 2.0, by the numbers of their symbols. */
  readonly #bySymbols: KeyTable;
  readonly #symbols: SymbolTable;
  /** Numbers of the symbols of one series, the key in `#bySymbols`. */
  readonly #key: Int32Array;
  readonly #keyView: DataView;

  constructor(resolve: ResolveWritten, limits: WriteLimits = DEFAULT_WRITE_LIMITS) {
    this.#resolve = resolve;
    this.#limits = limits;
    this.#columns = new WriteColumns(limits.samples);
    const maxKeys = Math.floor(limits.cacheBytes / BYTES_PER_KEY);
    this.#byLabels = new KeyTable(maxKeys);
    this.#bySymbols = new KeyTable(maxKeys);
    this.#symbols = new SymbolTable(limits.symbols, maxKeys);
    this.#key = new Int32Array(2 * limits.labels);
    this.#keyView = new DataView(this.#key.buffer);
  }

  /** Forgets every series, whose references then are asked for anew. */
  clear(): void {
    this.#byLabels.clear();
    this.#bySymbols.clear();
    this.#symbols.forget();
  }

  /** @param body decompressed; not kept
   *  @returns valid until the next call
   *  @throws {MalformedError | LimitError}
   *  Cost: a series that a request had before is found by its bytes; `resolve` is called for others. */
  read(body: Buffer, version: RemoteWriteVersion): WriteRequest {
    this.#columns.clear();
    if (version === '1.0') this.#readV1(body);
    else this.#readV2(body);
    return this.#columns;
  }

  #readV1(body: Buffer): void {
    const view = viewOf(body);
    for (let at = 0; at < body.length; ) {
      const end = endOfPlainField(body, at, FIELD_1);
      if (end !== NOT_PLAIN && this.#takePlainV1(body, view, startOfPlainField(body, at), end)) {
        at = end;
        continue;
      }
      const reader = new ProtoReader(body, at);
      reader.next();
      if (reader.field === 1) this.#seriesV1(reader.message(), body, view);
      else if (reader.field === 3) this.#addMetadata(readMetadataV1(reader.message()));
      else reader.skip();
      at = reader.at;
    }
  }

  /** A series that is known, with samples and nothing else. @returns whether it is one: if not, nothing has been taken */
  #takePlainV1(body: Buffer, view: DataView, start: number, end: number): boolean {
    let at = start;
    while (at < end && body[at] === FIELD_1) {
      const size = shortVarint(body, at + 1);
      if (size === NOT_PLAIN) return false;
      at += 1 + shortVarintBytes(size) + size;
    }
    if (at >= end || body[at] !== FIELD_2) return false;
    const ref = this.#byLabels.get(view, start, at);
    return ref !== NOT_FOUND && this.#takePlainSamples(body, view, at, end, ref) === end;
  }

  /** @returns where they end: at another field than samples, or NOT_PLAIN, and then none has been taken */
  #takePlainSamples(body: Buffer, view: DataView, start: number, end: number, ref: number): number {
    const columns = this.#columns;
    const { count } = columns;
    for (let at = start; at < end; ) {
      const next = body[at] === FIELD_2 ? takePlainSample(body, view, at, end, ref, columns) : NOT_PLAIN;
      if (next === NOT_PLAIN) {
        columns.count = count;
        return NOT_PLAIN;
      }
      at = next;
    }
    return end;
  }

  #seriesV1(reader: ProtoReader, body: Buffer, view: DataView): void {
    // The bytes of the labels, which senders write before anything else, are the series' key.
    const start = reader.at;
    let end = start;
    let ref: number | undefined;
    for (let before = start; reader.next(); before = reader.at) {
      if (reader.field === 1) {
        if (before !== end) throw new MalformedError('labels behind the samples of a series', before);
        reader.skip();
        end = reader.at;
        continue;
      }
      if (reader.field > 4) {
        reader.skip();
        continue;
      }
      ref ??= this.#refOfV1(body, view, start, end);
      if (reader.field === 2) this.#sample(ref, reader.message(), view);
      else if (reader.field === 3) this.#exemplar(ref, readExemplarV1(reader.message(), this.#limits));
      else this.#histogram(ref, reader.message(), body);
    }
  }

  #refOfV1(body: Buffer, view: DataView, start: number, end: number): number {
    const known = this.#byLabels.get(view, start, end);
    if (known !== NOT_FOUND) return known;
    const reader = new ProtoReader(body, start, end);
    const labels: string[] = [];
    while (reader.next()) readLabel(reader.message(), labels, this.#limits);
    return this.#resolved(labels, this.#byLabels);
  }

  /** @param known did not have the series when it was asked for last, and is to have it */
  #resolved(labels: string[], known: KeyTable): number {
    sortLabels(labels);
    const ref = this.#resolve(labels);
    if (ref !== DROPPED) known.put(ref);
    return ref;
  }

  #readV2(body: Buffer): void {
    const view = viewOf(body);
    const symbols = this.#symbols;
    if (symbols.isFull) this.clear();
    symbols.read(body, view);
    for (let at = 0; at < body.length; ) {
      const symbolEnd = endOfPlainField(body, at, FIELD_4);
      if (symbolEnd !== NOT_PLAIN) {
        at = symbolEnd;
        continue;
      }
      const end = endOfPlainField(body, at, FIELD_5);
      if (end !== NOT_PLAIN && this.#takePlainV2(body, view, startOfPlainField(body, at), end)) {
        at = end;
        continue;
      }
      const reader = new ProtoReader(body, at);
      reader.next();
      if (reader.field === 5) this.#seriesV2(reader.message(), body, view);
      else reader.skip();
      at = reader.at;
    }
  }

  /** The same of protocol 2.0, with the metadata that its series bring. */
  #takePlainV2(body: Buffer, view: DataView, start: number, end: number): boolean {
    const labelsEnd = endOfPlainField(body, start, FIELD_1);
    if (labelsEnd === NOT_PLAIN || labelsEnd >= end || body[labelsEnd] !== FIELD_2) return false;
    const key = this.#key;
    const symbols = this.#symbols;
    let count = 0;
    let familyRef = NOT_FOUND;
    let at = startOfPlainField(body, start);
    while (at < labelsEnd) {
      const labelRef = shortVarint(body, at);
      if (labelRef === NOT_PLAIN || labelRef >= symbols.count || count === key.length) return false;
      at += shortVarintBytes(labelRef);
      if ((count & 1) === 1 && symbols.isMetricName(key[count - 1]!)) familyRef = labelRef;
      key[count++] = symbols.number(labelRef);
    }
    if (at !== labelsEnd || (count & 1) === 1) return false;
    const ref = this.#bySymbols.get(this.#keyView, 0, 4 * count);
    if (ref === NOT_FOUND) return false;
    let samplesEnd = labelsEnd;
    while (samplesEnd < end && body[samplesEnd] === FIELD_2) {
      samplesEnd = endOfPlainField(body, samplesEnd, FIELD_2);
      if (samplesEnd === NOT_PLAIN) return false;
    }
    if (samplesEnd < end && !this.#takePlainMetadata(body, samplesEnd, end, familyRef)) return false;
    return this.#takePlainSamples(body, view, labelsEnd, samplesEnd, ref) === samplesEnd;
  }

  /** @returns whether nothing but metadata of the usual form is there up to the end of the series; what it says may be said once
   *  more without harm */
  #takePlainMetadata(body: Buffer, start: number, end: number, familyRef: number): boolean {
    if (familyRef === NOT_FOUND || endOfPlainField(body, start, FIELD_5) !== end) return false;
    let type = 0;
    let helpRef = 0;
    let unitRef = 0;
    for (let at = startOfPlainField(body, start); at < end; ) {
      const tag = body[at];
      const value = shortVarint(body, at + 1);
      if (value === NOT_PLAIN) return false;
      at += 1 + shortVarintBytes(value);
      if (at > end) return false;
      if (tag === 0x08) type = value;
      else if (tag === 0x18) helpRef = value;
      else if (tag === 0x20) unitRef = value;
      else return false;
    }
    if (helpRef >= this.#symbols.count || unitRef >= this.#symbols.count) return false;
    this.#sayMetadata(familyRef, type, helpRef, unitRef);
    return true;
  }

  #seriesV2(reader: ProtoReader, body: Buffer, view: DataView): void {
    const labelRefs: number[] = [];
    let ref: number | undefined;
    const series = (): number => {
      ref ??= this.#refOfV2(labelRefs);
      return ref;
    };
    let isEmpty = true;
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          readLabelRefs(reader, labelRefs, this.#symbols.count, this.#limits);
          break;
        case 2:
          isEmpty = false;
          this.#sample(series(), reader.message(), view);
          break;
        case 3:
          isEmpty = false;
          this.#histogram(series(), reader.message(), body);
          break;
        case 4:
          this.#exemplar(series(), readExemplarV2(reader.message(), this.#symbols, this.#limits));
          break;
        case 5:
          this.#metadataV2(reader.message(), labelRefs);
          break;
        default:
          reader.skip();
      }
    }
    checkPairs(labelRefs);
    if (isEmpty) this.#columns.emptySeries++;
  }

  #refOfV2(labelRefs: readonly number[]): number {
    checkPairs(labelRefs);
    const symbols = this.#symbols;
    for (const [index, labelRef] of labelRefs.entries()) this.#key[index] = symbols.number(labelRef);
    const known = this.#bySymbols.get(this.#keyView, 0, 4 * labelRefs.length);
    if (known !== NOT_FOUND) return known;
    const labels = labelRefs.map((labelRef) => symbols.text(labelRef));
    return this.#resolved(labels, this.#bySymbols);
  }

  #metadataV2(reader: ProtoReader, labelRefs: readonly number[]): void {
    let type = 0;
    let helpRef = 0;
    let unitRef = 0;
    while (reader.next()) {
      if (reader.field === 1) type = reader.uint32();
      else if (reader.field === 3) helpRef = reader.uint32();
      else if (reader.field === 4) unitRef = reader.uint32();
      else reader.skip();
    }
    const symbols = this.#symbols;
    if (helpRef >= symbols.count || unitRef >= symbols.count) {
      if (type === 0 && helpRef === 0 && unitRef === 0) return;
      throw new MalformedError(
        `metadata refs ${helpRef} and ${unitRef} outside of symbols table (size ${symbols.count})`,
      );
    }
    const name = labelRefs.findIndex((ref, index) => index % 2 === 0 && symbols.isMetricName(symbols.number(ref)));
    const familyRef = labelRefs[name + 1];
    if (name >= 0 && familyRef !== undefined) this.#sayMetadata(familyRef, type, helpRef, unitRef);
  }

  /** Every series brings its family's, so that those of one family are the same a thousand times. */
  #sayMetadata(familyRef: number, type: number, helpRef: number, unitRef: number): void {
    const symbols = this.#symbols;
    if (!symbols.says(familyRef, type, helpRef, unitRef)) return;
    this.#addMetadata({
      family: symbols.text(familyRef),
      type: WRITTEN_TYPES[type] ?? 'unknown',
      help: symbols.text(helpRef),
      unit: symbols.text(unitRef),
    });
  }

  #addMetadata(metadata: WrittenMetadata): void {
    if (this.#columns.metadata.length === this.#limits.metadata) {
      throw new LimitError('metadata of families', this.#limits.metadata);
    }
    this.#columns.metadata.push(metadata);
  }

  #sample(ref: number, reader: ProtoReader, view: DataView): void {
    let valueAt = -1;
    let timestampMs = 0;
    let startTimestampMs = 0;
    while (reader.next()) {
      if (reader.field === 1) valueAt = reader.fixed64At();
      else if (reader.field === 2) timestampMs = reader.int();
      else if (reader.field === 3) startTimestampMs = reader.int();
      else reader.skip();
    }
    if (ref === DROPPED) {
      this.#columns.drop();
      return;
    }
    const low = valueAt < 0 ? 0 : view.getInt32(valueAt, true);
    const high = valueAt < 0 ? 0 : view.getInt32(valueAt + 4, true);
    this.#columns.add(ref, low, high, timestampMs, startTimestampMs);
  }

  #histogram(ref: number, reader: ProtoReader, body: Buffer): void {
    const at = reader.at;
    const timed = readHistogram(reader, body, this.#limits.histogramParts);
    const mismatch = bucketMismatch(timed.histogram);
    if (mismatch !== undefined) throw new MalformedError(mismatch, at);
    if (ref === DROPPED) this.#columns.drop();
    else this.#columns.addHistogram({ ref, ...timed });
  }

  #exemplar(ref: number, exemplar: Exemplar): void {
    if (ref !== DROPPED) this.#columns.addExemplar({ ref, exemplar });
  }
}

/** @returns where the field ends whose tag is at `at`, NOT_PLAIN where it is another one, or ends behind the bytes */
function endOfPlainField(bytes: Buffer, at: number, tag: number): number {
  if (bytes[at] !== tag) return NOT_PLAIN;
  const size = shortVarint(bytes, at + 1);
  if (size === NOT_PLAIN) return NOT_PLAIN;
  const end = at + 1 + shortVarintBytes(size) + size;
  return end <= bytes.length ? end : NOT_PLAIN;
}

/** Of a field that has an end. */
function startOfPlainField(bytes: Buffer, at: number): number {
  const second = bytes[at + 1]!;
  return at + (second < 0x80 ? 2 : bytes[at + 2]! < 0x80 ? 3 : 4);
}

function checkPairs(labelRefs: readonly number[]): void {
  if (labelRefs.length % 2 !== 0) throw new MalformedError(`invalid labelRefs length ${labelRefs.length}`);
}

function readLabel(reader: ProtoReader, labels: string[], limits: WriteLimits): void {
  if (labels.length >= 2 * limits.labels) throw new LimitError('labels of a series', limits.labels);
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.string();
    else reader.skip();
  }
  labels.push(name, value);
}

function readLabelRefs(reader: ProtoReader, refs: number[], symbolCount: number, limits: WriteLimits): void {
  const add = (ref: number): void => {
    if (ref >= symbolCount) {
      throw new MalformedError(`labelRefs ${ref} outside of symbols table (size ${symbolCount})`);
    }
    if (refs.length >= 2 * limits.labels) throw new LimitError('labels of a series', limits.labels);
    refs.push(ref);
  };
  if (reader.wireType === VARINT) add(reader.uint());
  else reader.numbers('uint', add);
}

function readExemplarV1(reader: ProtoReader, limits: WriteLimits): Exemplar {
  const labels: string[] = [];
  let value = 0;
  let timestampMs = 0;
  while (reader.next()) {
    if (reader.field === 1) readLabel(reader.message(), labels, limits);
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = reader.int();
    else reader.skip();
  }
  sortLabels(labels);
  return { labels, value, timestampMs };
}

function readExemplarV2(reader: ProtoReader, symbols: SymbolTable, limits: WriteLimits): Exemplar {
  const refs: number[] = [];
  let value = 0;
  let timestampMs = 0;
  while (reader.next()) {
    if (reader.field === 1) readLabelRefs(reader, refs, symbols.count, limits);
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = reader.int();
    else reader.skip();
  }
  checkPairs(refs);
  const labels = refs.map((ref) => symbols.text(ref));
  sortLabels(labels);
  return { labels, value, timestampMs };
}

function readMetadataV1(reader: ProtoReader): WrittenMetadata {
  let type = 0;
  let family = '';
  let help = '';
  let unit = '';
  while (reader.next()) {
    if (reader.field === 1) type = reader.uint32();
    else if (reader.field === 2) family = reader.string();
    else if (reader.field === 4) help = reader.string();
    else if (reader.field === 5) unit = reader.string();
    else reader.skip();
  }
  return { family, type: WRITTEN_TYPES[type] ?? 'unknown', help, unit };
}
