/** Reads write requests of both protocols into columns. Source: prometheus v0.315.0, prompb/remote.proto, prompb/types.proto and
 *  prompb/io/prometheus/write/v2/types.proto. */
import { LimitError, MalformedError } from '../errors.ts';
import type { Exemplar } from '../exposition/entry.ts';
import { DROPPED, type ResolveSeries } from '../exposition/scrape.ts';
import { sortLabels } from '../exposition/series-labels.ts';
import { bucketMismatch } from '../native-histogram.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { VARINT } from '../protobuf/writer.ts';
import { readHistogram } from './histogram-message.ts';
import { type RemoteWriteVersion, WRITTEN_TYPES } from './protocol.ts';
import { SeriesCache, viewOf } from './series-cache.ts';
import { WriteColumns, type WriteRequest, type WrittenMetadata } from './write-columns.ts';

/** A few bytes become objects of a hundred, so that a request's size alone bounds too little. */
export interface WriteLimits {
  readonly samples: number;
  readonly labels: number;
  readonly symbols: number;
  readonly metadata: number;
  /** Spans, buckets and bounds of one histogram. */
  readonly histogramParts: number;
  /** Of series that are known by their bytes, over all requests. */
  readonly cacheBytes: number;
}

/** Prometheus sends 2,000 samples a request by default; others have been seen to send a hundred times that. */
export const DEFAULT_WRITE_LIMITS: WriteLimits = {
  samples: 1_000_000,
  labels: 512,
  symbols: 2_000_000,
  metadata: 100_000,
  histogramParts: 20_000,
  cacheBytes: 32 * 1024 ** 2,
};

/** Of one or many senders. The type of a metric is not known to `resolve`, which is told `unknown`. */
export class WriteRequestReader {
  readonly #resolve: ResolveSeries;
  readonly #limits: WriteLimits;
  readonly #columns: WriteColumns;
  readonly #cache: SeriesCache;
  /** Of protocol 2.0: symbols by numbers that outlive a request, since its own do not. */
  readonly #symbolNumbers = new Map<string, number>();
  #symbolBytes = 0;

  constructor(resolve: ResolveSeries, limits: WriteLimits = DEFAULT_WRITE_LIMITS) {
    this.#resolve = resolve;
    this.#limits = limits;
    this.#columns = new WriteColumns(limits.samples);
    this.#cache = new SeriesCache(limits.cacheBytes);
  }

  /** Forgets every series, whose references then are asked for anew. */
  clear(): void {
    this.#cache.clear();
    this.#symbolNumbers.clear();
    this.#symbolBytes = 0;
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
    const reader = new ProtoReader(body);
    const view = viewOf(body);
    while (reader.next()) {
      if (reader.field === 1) this.#seriesV1(reader.message(), body, view);
      else if (reader.field === 3) this.#addMetadata(readMetadataV1(reader.message()));
      else reader.skip();
    }
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
      if (reader.field === 2) this.#sample(ref, reader.message(), body);
      else if (reader.field === 3) this.#exemplar(ref, readExemplarV1(reader.message(), this.#limits));
      else this.#histogram(ref, reader.message(), body);
    }
  }

  #refOfV1(body: Buffer, view: DataView, start: number, end: number): number {
    const known = this.#cache.get(view, start, end);
    if (known !== undefined) return known;
    const reader = new ProtoReader(body, start, end);
    const labels: string[] = [];
    while (reader.next()) readLabel(reader.message(), labels, this.#limits);
    return this.#resolved(labels, body, view, start, end);
  }

  /** @param start and @param end of the key under which it is known from now on */
  #resolved(labels: string[], keyBytes: Buffer, view: DataView, start: number, end: number): number {
    const twice = sortLabels(labels);
    if (twice !== undefined) throw new MalformedError(`label ${JSON.stringify(twice)} twice in one series`);
    const ref = Math.max(DROPPED, this.#resolve(labels, 'unknown'));
    this.#cache.put(keyBytes, view, start, end, ref);
    return ref;
  }

  #readV2(body: Buffer): void {
    const symbols = this.#symbols(body);
    const numbers = this.#numbersOf(symbols);
    const metadataSeen = new Map<number, string>();
    const reader = new ProtoReader(body);
    while (reader.next()) {
      if (reader.field === 5) this.#seriesV2(reader.message(), body, symbols, numbers, metadataSeen);
      else reader.skip();
    }
  }

  /** They may stand behind the series that use them. */
  #symbols(body: Buffer): readonly string[] {
    const symbols: string[] = [];
    const reader = new ProtoReader(body);
    while (reader.next()) {
      if (reader.field === 4) {
        if (symbols.length === this.#limits.symbols) throw new LimitError('symbols', this.#limits.symbols);
        symbols.push(reader.string());
      } else reader.skip();
    }
    return symbols;
  }

  #numbersOf(symbols: readonly string[]): Int32Array {
    if (this.#symbolBytes > this.#limits.cacheBytes) this.clear();
    const numbers = new Int32Array(symbols.length);
    for (const [index, symbol] of symbols.entries()) {
      let number = this.#symbolNumbers.get(symbol);
      if (number === undefined) {
        number = this.#symbolNumbers.size;
        this.#symbolNumbers.set(symbol, number);
        this.#symbolBytes += symbol.length + SYMBOL_OVERHEAD_BYTES;
      }
      numbers[index] = number;
    }
    return numbers;
  }

  #seriesV2(
    reader: ProtoReader,
    body: Buffer,
    symbols: readonly string[],
    numbers: Int32Array,
    metadataSeen: Map<number, string>,
  ): void {
    const labelRefs: number[] = [];
    let ref: number | undefined;
    const series = (): number => {
      ref ??= this.#refOfV2(labelRefs, symbols, numbers);
      return ref;
    };
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          readLabelRefs(reader, labelRefs, symbols.length, this.#limits);
          break;
        case 2:
          this.#sample(series(), reader.message(), body);
          break;
        case 3:
          this.#histogram(series(), reader.message(), body);
          break;
        case 4:
          this.#exemplar(series(), readExemplarV2(reader.message(), symbols, this.#limits));
          break;
        case 5:
          this.#metadataV2(reader.message(), labelRefs, symbols, metadataSeen);
          break;
        default:
          reader.skip();
      }
    }
    checkPairs(labelRefs);
  }

  #refOfV2(labelRefs: readonly number[], symbols: readonly string[], numbers: Int32Array): number {
    checkPairs(labelRefs);
    const key = Buffer.from(Int32Array.from(labelRefs, (labelRef) => numbers[labelRef]!).buffer);
    const view = viewOf(key);
    const known = this.#cache.get(view, 0, key.length);
    if (known !== undefined) return known;
    const labels = labelRefs.map((labelRef) => symbols[labelRef]!);
    return this.#resolved(labels, key, view, 0, key.length);
  }

  /** Every series brings its family's, so that those of one family are the same a thousand times. */
  #metadataV2(
    reader: ProtoReader,
    labelRefs: readonly number[],
    symbols: readonly string[],
    seen: Map<number, string>,
  ): void {
    let type = 0;
    let helpRef = 0;
    let unitRef = 0;
    while (reader.next()) {
      if (reader.field === 1) type = reader.uint32();
      else if (reader.field === 3) helpRef = reader.uint32();
      else if (reader.field === 4) unitRef = reader.uint32();
      else reader.skip();
    }
    if (type === 0 && helpRef === 0 && unitRef === 0) return;
    const name = labelRefs.findIndex((labelRef, index) => index % 2 === 0 && symbols[labelRef] === '__name__');
    const familyRef = labelRefs[name + 1];
    const [help, unit] = [symbols[helpRef], symbols[unitRef]];
    if (help === undefined || unit === undefined) {
      throw new MalformedError(
        `metadata refs ${helpRef} and ${unitRef} outside of symbols table (size ${symbols.length})`,
      );
    }
    if (name < 0 || familyRef === undefined) return;
    const said = `${type} ${helpRef} ${unitRef}`;
    if (seen.get(familyRef) === said) return;
    seen.set(familyRef, said);
    this.#addMetadata({ family: symbols[familyRef]!, type: WRITTEN_TYPES[type] ?? 'unknown', help, unit });
  }

  #addMetadata(metadata: WrittenMetadata): void {
    if (this.#columns.metadata.length === this.#limits.metadata) {
      throw new LimitError('metadata of families', this.#limits.metadata);
    }
    this.#columns.metadata.push(metadata);
  }

  #sample(ref: number, reader: ProtoReader, body: Buffer): void {
    let valueAt = -1;
    let timestampMs = 0;
    let startTimestampMs = 0;
    while (reader.next()) {
      if (reader.field === 1) valueAt = reader.fixed64At();
      else if (reader.field === 2) timestampMs = reader.int();
      else if (reader.field === 3) startTimestampMs = reader.int();
      else reader.skip();
    }
    if (ref === DROPPED) this.#columns.drop();
    else if (valueAt < 0) this.#columns.add(ref, ZERO, 0, timestampMs, startTimestampMs);
    else this.#columns.add(ref, body, valueAt, timestampMs, startTimestampMs);
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

const ZERO = new Uint8Array(8);
/** Of an entry of a map and a short string. */
const SYMBOL_OVERHEAD_BYTES = 64;

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

function readExemplarV2(reader: ProtoReader, symbols: readonly string[], limits: WriteLimits): Exemplar {
  const refs: number[] = [];
  let value = 0;
  let timestampMs = 0;
  while (reader.next()) {
    if (reader.field === 1) readLabelRefs(reader, refs, symbols.length, limits);
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = reader.int();
    else reader.skip();
  }
  checkPairs(refs);
  const labels = refs.map((ref) => symbols[ref]!);
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
