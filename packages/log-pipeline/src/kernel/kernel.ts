/** One lane's kernel: a fixed piece of memory and the loops over it that cost something per byte (framing, escaping,
 *  encoding, hashing), in WebAssembly SIMD where that exists and in TypeScript where it does not. Same bytes out. */
import { bug } from '@vigie/core/errors';
import type { Automaton } from '@vigie/core/regex/automaton';
import { Arena } from './arena.ts';
import { type ExtractedMember, extractorBytes } from './extractor.ts';
import * as layout from './layout.ts';
import { type KernelRegions, type KernelSizes, layOut } from './regions.ts';
import { severityMember } from './severity.ts';
import { instantiateSimd } from './simd.ts';
import { RowTable } from './table.ts';
import { createTwin, scanByTwin } from './twin.ts';

export type { KernelRegions, KernelSizes, Region } from './regions.ts';

/** Overwritten by the next framing call of the same kernel. */
export interface FrameResult {
  /** Rows 0..rows of the table are set. */
  readonly rows: number;
  /** Input bytes those rows cover; what follows has no newline yet (or no room in the table). */
  readonly consumedBytes: number;
  /** Rows flagged FRAGMENT. 0 means that nothing has to be joined and the table needs no walk. */
  readonly fragmentRows: number;
  /** Rows flagged UNPARSED. */
  readonly unparsedRows: number;
}

/** Overwritten by the next encoding call of the same kernel. */
export interface EncodeResult {
  /** The first row not looked at; `endRow` when all were. */
  readonly nextRow: number;
  /** Records written; rows skipped as DROPPED or FRAGMENT are not among them. */
  readonly records: number;
  readonly writtenBytes: number;
}

/** Overwritten by the next scan of the same kernel. */
export interface ScanResult {
  readonly verdict: 'object' | 'not_an_object' | 'invalid_json' | 'too_deep';
  /** Position of `{`, and one past `}`; with any other verdict meaningless, as is what follows. */
  readonly start: number;
  readonly end: number;
  /** The members may not go into another object's line as they stand: a name occurs twice in one object or has escapes,
   *  a newline stands between tokens, an escape is half a surrogate pair, UTF-8 is ill-formed, or more than
   *  MAX_COLLISIONS members collide. */
  readonly needsRewrite: boolean;
  /** Members of the object itself whose name collides with a reserved one; see `collisionStart`. */
  readonly collisions: number;
}

export interface Kernel {
  readonly kind: 'simd' | 'typescript';
  /** The whole linear memory. Its bytes may be read into and written from by fs and sockets: it stays until `renew`. */
  readonly memory: Buffer;
  readonly regions: KernelRegions;
  readonly table: RowTable;
  readonly arena: Arena;

  /** Begins with fresh memory, of which the system gives pages as they are touched; what was touched of the old one goes
   *  back to it at the next collection. Rows, shapes, extractors and an open zlib stream are void.
   *  Cost: some 0.2 ms. */
  renew(): void;
  /** How often that was: who loads something into the memory loads it again when this has changed. */
  readonly renewals: number;

  /** Frames the CRI lines of the input: `<RFC3339Nano> SP <stdout|stderr> SP <P|F>[:more] SP <content> LF`.
   *  A line that is not like that becomes an UNPARSED row with the read time and the whole line as message.
   *  Bytes behind the last newline stay unconsumed. Stops at `maxRows` rows.
   *  @param inputStart position in memory; the input need not start at the input region
   *  @param baseOffset byte offset of the first input byte in its generation, below 2^53 */
  frameCri(
    inputStart: number,
    inputLength: number,
    baseOffset: number,
    readTimeStart: number,
    readTimeLength: number,
    maxRows: number,
  ): FrameResult;

  /** Frames every line as an UNPARSED row with the read time: what docker and plain framings start from. */
  frameLines(
    inputStart: number,
    inputLength: number,
    baseOffset: number,
    readTimeStart: number,
    readTimeLength: number,
    maxRows: number,
  ): FrameResult;

  /** Writes the records of rows firstRow..endRow as JSON lines from `outStart` on; rows flagged DROPPED or FRAGMENT are
   *  skipped. No record begins at or behind `softEnd`, no byte is touched at or behind `hardEnd`: a record is only begun
   *  when `recordBound` bytes are left, so room for the largest bound guarantees progress.
   *  @param shape position of a shape loaded by encode/json-lines.ts */
  encodeJsonLines(
    firstRow: number,
    endRow: number,
    shape: number,
    outStart: number,
    softEnd: number,
    hardEnd: number,
  ): EncodeResult;

  /** Begins a zlib stream (RFC 1950) at `outStart`: writes DEFLATE_BEGIN_BYTES. A kernel has one open stream; one that was
   *  not ended is forgotten. */
  beginDeflate(outStart: number): void;

  /** What `encodeJsonLines` writes, as the next part of the open zlib stream: a shape's long constant is a reference to
   *  where it stood last, everything else is stored. Parts stand one directly behind another. Positions and stop rules are
   *  those of `encodeJsonLines` with `deflateRecordBound` as the bound, which leaves room for the stream's end.
   *  Cost: that of `encodeJsonLines` with 1 KB of constants, 15 ns a record more with short ones; docs/decisions/0010. */
  encodeDeflate(
    firstRow: number,
    endRow: number,
    shape: number,
    outStart: number,
    softEnd: number,
    hardEnd: number,
  ): EncodeResult;

  /** Ends the stream: an empty last block and the Adler-32.
   *  @returns bytes written, DEFLATE_END_BYTES */
  endDeflate(outStart: number): number;

  /** Uncompressed bytes of the stream so far. */
  readonly deflatedFrom: number;

  /** xxHash64 with seed 0 of the bytes, unsigned. */
  hash64(start: number, length: number): bigint;

  /** Names that `scanObject` shall report: until the next call. One collides with a member's name when they are equal or
   *  one is a path below the other (`log` and `log.level`), which is how Elasticsearch reads dots.
   *  @throws when there are more than MAX_RESERVED_NAMES, or one is longer than MAX_RESERVED_NAME_BYTES in UTF-8 */
  reserveNames(names: readonly string[]): void;

  /** Reads the bytes as one JSON object (RFC 8259, at most MAX_JSON_DEPTH levels), with nothing but white space around
   *  it. Ill-formed UTF-8 in strings is no error. Writes nothing. */
  scanObject(start: number, length: number): ScanResult;

  /** Sets the severity flags of the rows firstRow..endRow (see FLAG_SEVERITY_SHIFT) that say how severe they are: in an
   *  extra member or the message's JSON (SEVERITY_NAMES of twin/severity.ts), else in the message's text: klog's first
   *  letter, `[error]`, `level=warn`, ` INFO `, `info:` at its start. A row without extra members gets `"log.level":"…"`.
   *  Rows flagged DROPPED or FRAGMENT are left alone.
   *  @param fallback for rows that say nothing; 0 leaves them as they are
   *  @returns rows whose flags are set and whose member is not, for they have others */
  findSeverities(firstRow: number, endRow: number, fallback: number): number;

  /** Puts an extractor where it stays until `renew`.
   *  @returns its position, or -1 when the programs' region is full */
  loadExtractor(automaton: Automaton | undefined, members: readonly ExtractedMember[]): number;

  /** Matches an extractor's automaton with the text and writes its members' groups from `outStart` on, as `"name":value`
   *  with commas between; nothing at or behind `outEnd` is touched but by stores of up to 31 bytes more.
   *  @returns bytes written, or one of EXTRACT_ in layout.ts */
  extract(extractor: number, start: number, length: number, outStart: number, outEnd: number): number;

  /** Where `extract` would leave the groups' positions; `writeGroups` reads them. */
  readonly groupSlots: Int32Array;

  /** Writes the members of groups that the caller found. @returns as `extract` */
  writeGroups(extractor: number, outStart: number, outEnd: number): number;

  /** Whether digits stand so that a card number or an IPv4 address may be in the text: DIGITS_ bits of layout.ts. A bit may be
   *  set for text that has none, never missing for text that has one. */
  digitShapes(start: number, length: number): number;

  /** Of the last scan's colliding members, in their order: first byte of the name's quote, one past the value. */
  collisionStart(index: number): number;
  collisionEnd(index: number): number;
}

/** What either half implements. Counts beyond the returned one are left in the state page (RESULT_ in layout.ts). */
export interface KernelFunctions {
  /** @returns rows */
  frameCri(start: number, length: number, base: number, time: number, timeLength: number, maxRows: number): number;
  /** @returns rows */
  frameLines(start: number, length: number, base: number, time: number, timeLength: number, maxRows: number): number;
  /** @returns the next row */
  encodeJsonLines(first: number, end: number, shape: number, out: number, softEnd: number, hardEnd: number): number;
  beginDeflate(out: number): void;
  /** @returns the next row */
  encodeDeflate(first: number, end: number, shape: number, out: number, softEnd: number, hardEnd: number): number;
  /** @returns bytes written */
  endDeflate(out: number): number;
  /** @returns the hash's 64 bits, signed or not */
  hash64(start: number, length: number): bigint;
  /** @returns SCAN_ bits or errors of layout.ts */
  scanObject(start: number, length: number): number;
  findSeverities(first: number, end: number, fallback: number): number;
  extract(extractor: number, start: number, length: number, out: number, outEnd: number): number;
  writeGroups(extractor: number, out: number, outEnd: number): number;
  digitShapes(start: number, length: number): number;
}

export const MAX_RESERVED_NAME_BYTES = layout.RESERVED_SLOT_BYTES - 4;

export interface KernelOptions extends KernelSizes {
  /** The compiled kernel (load.ts); without it the TypeScript twin runs. */
  readonly wasm?: WebAssembly.Module | undefined;
}

/** Bytes one record can take at most, on top of its shape's constants; see `encodeJsonLines`. */
export function recordBound(messageBytes: number, extraBytes: number, timeBytes: number): number {
  return layout.ESCAPE_GROWTH * messageBytes + extraBytes + timeBytes + layout.RECORD_FIXED_BYTES;
}

/** Bytes one record can take at most in a zlib stream, the stream's end included.
 *  @param jsonBytes its bound in `encodeJsonLines`: `recordBound` and its shape's constants */
export function deflateRecordBound(jsonBytes: number): number {
  const fullBlocks = Math.floor(jsonBytes / layout.STORED_BLOCK_BYTES);
  return jsonBytes + fullBlocks * layout.STORED_HEADER_BYTES + layout.DEFLATE_RECORD_BYTES;
}

/** @throws {RangeError} when the sizes add up to more than 2 GiB, or the memory cannot be reserved */
export function createKernel(options: KernelOptions): Kernel {
  const regions = layOut(options);
  const allocate = () => {
    const { buffer, functions } =
      options.wasm === undefined
        ? createTwin(regions.totalBytes, regions.table.start)
        : instantiateSimd(options.wasm, regions.totalBytes, regions.table.start);
    const memory = Buffer.from(buffer);
    writeSeverityMembers(memory);
    return {
      buffer,
      functions,
      memory,
      results: new Uint32Array(buffer, 0, layout.STATE_BYTES / 4),
      positions: new Float64Array(buffer, 0, layout.STATE_BYTES / 8),
      groupSlots: new Int32Array(buffer, layout.EXTRACT_SLOTS, layout.EXTRACT_MAX_SLOTS),
    };
  };
  let { buffer, functions, memory, results, positions, groupSlots } = allocate();
  let renewals = 0;
  const framed = { rows: 0, consumedBytes: 0, fragmentRows: 0, unparsedRows: 0 };
  const encoded = { nextRow: 0, records: 0, writtenBytes: 0 };
  const scanned: Writable<ScanResult> = { verdict: 'object', start: 0, end: 0, needsRewrite: false, collisions: 0 };
  const readFramed = (rows: number): FrameResult => {
    framed.rows = rows;
    framed.consumedBytes = results[layout.RESULT_CONSUMED_BYTES / 4]!;
    framed.fragmentRows = results[layout.RESULT_FRAGMENT_ROWS / 4]!;
    framed.unparsedRows = results[layout.RESULT_UNPARSED_ROWS / 4]!;
    return framed;
  };
  const readEncoded = (nextRow: number): EncodeResult => {
    encoded.nextRow = nextRow;
    encoded.records = results[layout.RESULT_RECORDS / 4]!;
    encoded.writtenBytes = results[layout.RESULT_WRITTEN_BYTES / 4]!;
    return encoded;
  };
  const programs = new Arena(regions.programs.start, regions.programs.end);
  const table = new RowTable(buffer, regions.table.start, options.maxRows);
  const arena = new Arena(regions.arena.start, regions.arena.end);
  return {
    kind: options.wasm === undefined ? 'typescript' : 'simd',
    get memory() {
      return memory;
    },
    regions,
    table,
    arena,
    renew() {
      ({ buffer, functions, memory, results, positions, groupSlots } = allocate());
      table.attach(buffer);
      arena.reset();
      programs.reset();
      renewals++;
    },
    get renewals() {
      return renewals;
    },
    frameCri: (start, length, base, time, timeLength, maxRows) =>
      readFramed(functions.frameCri(start, length, base, time, timeLength, Math.min(maxRows, options.maxRows))),
    frameLines: (start, length, base, time, timeLength, maxRows) =>
      readFramed(functions.frameLines(start, length, base, time, timeLength, Math.min(maxRows, options.maxRows))),
    encodeJsonLines: (first, end, shape, out, softEnd, hardEnd) =>
      readEncoded(functions.encodeJsonLines(first, end, shape, out, softEnd, hardEnd)),
    beginDeflate: (out) => functions.beginDeflate(out),
    encodeDeflate: (first, end, shape, out, softEnd, hardEnd) =>
      readEncoded(functions.encodeDeflate(first, end, shape, out, softEnd, hardEnd)),
    endDeflate: (out) => functions.endDeflate(out),
    get deflatedFrom() {
      return positions[layout.DEFLATE_POSITION / 8]! - positions[layout.DEFLATE_STREAM_START / 8]!;
    },
    hash64: (start, length) => BigInt.asUintN(64, functions.hash64(start, length)),
    reserveNames: (names) => writeReservedNames(memory, names),
    scanObject(start, length) {
      let status = functions.scanObject(start, length);
      if (status === layout.SCAN_UNDECIDED) status = scanByTwin(buffer, start, length);
      scanned.verdict = verdictOf(status);
      scanned.start = results[layout.RESULT_OBJECT_START / 4]!;
      scanned.end = results[layout.RESULT_OBJECT_END / 4]!;
      scanned.needsRewrite = status === layout.SCAN_REWRITE;
      scanned.collisions = results[layout.RESULT_COLLISIONS / 4]!;
      return scanned;
    },
    findSeverities: (first, end, fallback) => functions.findSeverities(first, end, fallback),
    loadExtractor(automaton, members) {
      // Positions are absolute: the bytes are made for where the next program will stand.
      const at = programs.alloc(0);
      const bytes = extractorBytes(automaton, members, at);
      if (programs.alloc(bytes.length) === -1) return -1;
      bytes.copy(memory, at);
      return at;
    },
    get groupSlots() {
      return groupSlots;
    },
    extract: (...args) => functions.extract(...args),
    writeGroups: (...args) => functions.writeGroups(...args),
    digitShapes: (start, length) => functions.digitShapes(start, length),
    collisionStart: (index) => results[layout.COLLISIONS / 4 + index * 2]!,
    collisionEnd: (index) => results[layout.COLLISIONS / 4 + index * 2 + 1]!,
  };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function verdictOf(status: number): ScanResult['verdict'] {
  if (status >= 0) return 'object';
  if (status === layout.SCAN_NOT_AN_OBJECT) return 'not_an_object';
  return status === layout.SCAN_TOO_DEEP ? 'too_deep' : 'invalid_json';
}

function writeReservedNames(memory: Buffer, names: readonly string[]): void {
  if (names.length > layout.MAX_RESERVED_NAMES) throw bug(`${names.length} reserved names`);
  memory.fill(0, layout.RESERVED_FIRST_BYTES, layout.RESERVED_FIRST_BYTES + 256);
  memory.writeUInt32LE(names.length, layout.RESERVED_NAMES);
  const sorted = names.map((name) => Buffer.from(name)).sort((a, b) => a.compare(b));
  for (const [index, name] of sorted.entries()) {
    if (name.length === 0 || name.length > MAX_RESERVED_NAME_BYTES) throw bug(`reserved name '${name.toString()}'`);
    const slot = layout.RESERVED_SLOTS + index * layout.RESERVED_SLOT_BYTES;
    memory.writeUInt32LE(name.length, slot);
    name.copy(memory, slot + 4);
    const first = layout.RESERVED_FIRST_BYTES + name[0]!;
    if (memory[first] === 0) memory[first] = index + 1;
  }
}

function writeSeverityMembers(memory: Buffer): void {
  for (let severity = 1; severity <= layout.MAX_SEVERITY; severity++) {
    const at = layout.SEVERITY_MEMBERS + severity * layout.SEVERITY_MEMBER_BYTES;
    memory.writeUInt32LE(memory.write(severityMember(severity), at + 4, 'latin1'), at);
  }
}
