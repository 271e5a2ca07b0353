/** Reads a target's text scrape after scrape. Targets repeat their lines in their order: a line that is where it was in the last
 *  scrape costs a comparison of its bytes up to the value, and reading the value. What differs is read by the exact reader. */
import { LimitError } from '../errors.ts';
import type { EntryReader, MetricType } from './entry.ts';
import { LineTable, NO_SAMPLE, START_TIME } from './line-table.ts';
import { DROPPED, type ResolveSeries, type Scrape, type ScrapeLimits } from './scrape.ts';
import type { ScrapeColumns } from './scrape-columns.ts';
import type { SeriesLabels } from './series-labels.ts';
import { groupOf, isCreatedLine } from './start-times.ts';
import { OpenMetricsReader, PromReader } from './text-reader.ts';

export type TextDialect = 'prometheus' | 'openmetrics';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;
const LOWER = 0x20;
const UPPER_N = 0x4e;
const LOWER_A = 0x61;

const TYPES: readonly MetricType[] = [
  ...(['unknown', 'counter', 'gauge', 'histogram', 'summary', 'gaugehistogram', 'info', 'stateset'] as const),
];
const UNKNOWN = 1;
/** Powers of ten that a double holds exactly: with an exact mantissa one multiplication or division rounds correctly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const MAX_EXACT = 2 ** 53;
/** Lines that may have gone in a row before what follows counts as new. */
const LOOKAHEAD = 16;
/** Lines that were not where they were, before an index of all of them pays. */
const LINES_WITHOUT_INDEX = 64;

export interface TextScraperOptions {
  readonly resolve: ResolveSeries;
  readonly limits: ScrapeLimits;
  /** What OpenMetrics' `_created` lines are: series as any other, or the start times of theirs. */
  readonly created: 'series' | 'start_times';
  readonly columns: ScrapeColumns;
}

/** Memory per line that the target has: its bytes up to the value, and 13. */
export class TextScraper {
  readonly #dialect: TextDialect;
  readonly #options: TextScraperOptions;
  readonly #columns: ScrapeColumns;
  readonly #withStartTimes: boolean;
  #table = new LineTable();
  #tableView: DataView = new DataView(new ArrayBuffer(0));

  // Of the scrape that is being read.
  #body: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  /** The line of the table that is expected next. */
  #line = 0;
  #type = UNKNOWN;
  /** What the table becomes, from the first line on that was not where it was. */
  #next: LineTable | undefined;
  #seen: Uint8Array | undefined;
  #misses = 0;
  #index: Map<string, number> | undefined;
  /** Rows before this one have their start time. */
  #firstRowWithoutStart = 0;

  constructor(dialect: TextDialect, options: TextScraperOptions) {
    this.#dialect = dialect;
    this.#options = options;
    this.#columns = options.columns;
    this.#withStartTimes = dialect === 'openmetrics' && options.created === 'start_times';
  }

  /** Series of the last scrape, in its order; a series may be there twice. */
  get refs(): readonly number[] {
    return Array.from(this.#table.refs.subarray(0, this.#table.count)).filter((ref) => ref >= 0);
  }

  /** Forgets every series, whose references then are asked for anew. */
  clear(): void {
    this.#setTable(new LineTable());
  }

  /** @param body not kept
   *  @throws {ExpositionError | LimitError} after which the reader is as it was before
   *  Cost: about 100 ns for a line of 100 bytes that was there before (`npm run bench -- exposition`), 2 µs and a call of
   *  `resolve` for a new one. */
  read(body: Buffer): Scrape {
    const { limits } = this.#options;
    if (body.length > limits.bodyBytes) throw new LimitError('bytes in a body', limits.bodyBytes);
    this.#begin(body);
    try {
      const reader = this.#reader(body);
      // Behind the last newline the fast loop would have to look for the end with every byte.
      const lastNewline = body.lastIndexOf(NEWLINE) + 1;
      for (;;) {
        this.#readKnown(lastNewline);
        this.#columns.checkLimit();
        if (!this.#readOne(reader)) break;
      }
      this.#finish();
      return this.#columns;
    } finally {
      this.#body = Buffer.alloc(0);
      this.#view = new DataView(this.#body.buffer, 0, 0);
      this.#next = undefined;
      this.#seen = undefined;
      this.#index = undefined;
    }
  }

  #begin(body: Buffer): void {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
    this.#columns.clear(this.#options.limits.samples);
    this.#at = 0;
    this.#line = 0;
    this.#type = UNKNOWN;
    this.#misses = 0;
    this.#firstRowWithoutStart = 0;
  }

  #reader(body: Buffer): EntryReader {
    const { lineBytes, labels } = this.#options.limits;
    return this.#dialect === 'prometheus'
      ? new PromReader(body, body.length, { lineBytes, labels })
      : new OpenMetricsReader(body, body.length, { lineBytes, labels });
  }

  /** The fast loop: as far as lines are where they were, and end as most lines do. */
  #readKnown(limit: number): void {
    const body = this.#body;
    const view = this.#view;
    const table = this.#table;
    const tableView = this.#tableView;
    const { ends, refs: tableRefs, types, groups: tableGroups, count: lines } = table;
    const columns = this.#columns;
    columns.reserve(lines - this.#line);
    const { refs, values, timestampsMs, startTimestampsMs, groups } = columns;
    const allowsBlankLines = this.#dialect === 'prometheus';
    const first = this.#line;
    let at = this.#at;
    let line = this.#line;
    let type = this.#type;
    let row = columns.count;
    let keyStart = table.endOf(line - 1);
    while (at < limit && line < lines) {
      const keyEnd = ends[line]!;
      const length = keyEnd - keyStart;
      if (at + length > limit) break;
      if (!isSame(view, at, tableView, keyStart, length)) {
        if (!allowsBlankLines || body[at] !== NEWLINE) break;
        at++;
        continue;
      }
      const ref = tableRefs[line]!;
      if (ref === NO_SAMPLE) {
        if (types[line] !== 0) type = types[line]!;
        this.#firstRowWithoutStart = row;
        at += length;
        keyStart = keyEnd;
        line++;
        continue;
      }
      if (types[line] !== 0 && types[line] !== type) break;
      // The value: its digits as a whole number, and where the point is.
      const start = at + length;
      let byte = body[start]!;
      const isNegative = byte === MINUS;
      let to = isNegative || byte === PLUS ? start + 1 : start;
      const digitsStart = to;
      let mantissa = 0;
      let digit = body[to]! - ZERO;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = body[++to]! - ZERO;
      }
      let digits = to - digitsStart;
      let exponent = 0;
      if (body[to] === POINT) {
        const fractionStart = ++to;
        digit = body[to]! - ZERO;
        while (digit >= 0 && digit <= 9) {
          mantissa = mantissa * 10 + digit;
          digit = body[++to]! - ZERO;
        }
        exponent = fractionStart - to;
        digits -= exponent;
      }
      let value: number;
      if (digits === 0) {
        // NaN is what a summary without observations has; other words are the exact reader's.
        if (byte !== UPPER_N || body[start + 1] !== LOWER_A || body[start + 2] !== UPPER_N) {
          value = Number.NaN;
          to = -1;
        } else {
          value = Number.NaN;
          to = start + 3;
        }
      } else {
        byte = body[to]!;
        if ((byte | LOWER) === LOWER_E) {
          byte = body[++to]!;
          const isDown = byte === MINUS;
          if (isDown || byte === PLUS) to++;
          const exponentStart = to;
          let power = 0;
          digit = body[to]! - ZERO;
          while (digit >= 0 && digit <= 9 && to - exponentStart < 4) {
            power = power * 10 + digit;
            digit = body[++to]! - ZERO;
          }
          if (to === exponentStart) to = -1;
          exponent += isDown ? -power : power;
        }
        if (to < 0) value = 0;
        else if (mantissa >= MAX_EXACT || exponent > 22 || exponent < -22) {
          value = Number(body.toString('latin1', start, to));
          if (!Number.isFinite(value)) to = -1;
        } else {
          if (exponent < 0) mantissa /= POWERS[-exponent]!;
          else if (exponent > 0) mantissa *= POWERS[exponent]!;
          value = isNegative ? -mantissa : mantissa;
        }
      }
      if (to < 0) break;
      let timestampMs = Number.NaN;
      byte = body[to]!;
      if (byte === SPACE && allowsBlankLines) {
        const timeStart = ++to;
        timestampMs = 0;
        digit = body[to]! - ZERO;
        while (digit >= 0 && digit <= 9) {
          timestampMs = timestampMs * 10 + digit;
          digit = body[++to]! - ZERO;
        }
        if (to === timeStart || to - timeStart > 15) break;
        byte = body[to]!;
      }
      if (byte !== NEWLINE) break;
      at = to + 1;
      if (ref >= 0) {
        refs[row] = ref;
        values[row] = value;
        timestampsMs[row] = timestampMs;
        startTimestampsMs[row] = 0;
        groups[row] = tableGroups[line]!;
        row++;
      } else if (ref === START_TIME) this.#setStartTimes(value, tableGroups[line]!, row);
      else columns.droppedCount++;
      keyStart = keyEnd;
      line++;
    }
    columns.count = row;
    this.#at = at;
    this.#line = line;
    this.#type = type;
    this.#seen?.fill(1, first, line);
    this.#next?.addFrom(table, first, line);
  }

  /** Reads an entry that the fast loop left alone. @returns false at the end of the body */
  #readOne(reader: EntryReader): boolean {
    reader.at = this.#at;
    reader.type = TYPES[this.#type - 1] ?? 'unknown';
    const known = this.#knownLine();
    if (known !== undefined) {
      this.#readRest(reader, known);
      return true;
    }
    const kind = reader.next();
    if (kind === 'end') return false;
    const { start } = reader;
    this.#at = reader.at;
    if (kind !== 'series') {
      const type = kind === 'type' ? TYPES.indexOf(reader.type) + 1 : 0;
      if (type !== 0) this.#type = type;
      this.#firstRowWithoutStart = this.#columns.count;
      if (kind !== 'comment') {
        this.#columns.metadata.push({ family: reader.family, kind, text: reader.text });
      }
      // Without its newline the entry could be the beginning of another one in the next scrape.
      if (this.#body[reader.at - 1] === NEWLINE) this.#remember(start, reader.at, NO_SAMPLE, 0, type);
      return true;
    }
    this.#newSeries(reader, start);
    return true;
  }

  /** Whether the line at hand is one of the table's: the expected one, one a little behind it, or one that the index has.
   *  @returns the line, where the value begins behind its key */
  #knownLine(): number | undefined {
    const { count } = this.#table;
    for (let line = this.#line; line < Math.min(count, this.#line + LOOKAHEAD); line++) {
      if (this.#isAt(line)) return line;
    }
    if (++this.#misses <= LINES_WITHOUT_INDEX || count === 0) return undefined;
    this.#index ??= this.#makeIndex();
    // A key ends behind the last blank before the value, which is the only one behind a closing brace.
    for (let end = this.#keyEnd(); end !== undefined; end = undefined) {
      const line = this.#index.get(this.#body.toString('latin1', this.#at, end));
      if (line !== undefined && this.#isAt(line)) return line;
    }
    return undefined;
  }

  /** Behind the first blank that follows the series, in lines as most programs write them. */
  #keyEnd(): number | undefined {
    const body = this.#body;
    const newline = body.indexOf(NEWLINE, this.#at);
    const end = newline < 0 ? body.length : newline;
    if (body[this.#at] === 0x23) return newline < 0 ? undefined : end + 1;
    const brace = body.lastIndexOf(0x7d, end);
    const blank = body.indexOf(SPACE, brace > this.#at ? brace : this.#at);
    return blank < 0 || blank > end ? undefined : blank + 1;
  }

  #makeIndex(): Map<string, number> {
    const table = this.#table;
    const index = new Map<string, number>();
    for (let line = 0; line < table.count; line++) {
      index.set(table.keys.toString('latin1', table.endOf(line - 1), table.endOf(line)), line);
    }
    return index;
  }

  /** Whether the bytes at hand are that line's, and it means what it meant. */
  #isAt(line: number): boolean {
    const table = this.#table;
    const start = table.endOf(line - 1);
    const length = table.endOf(line) - start;
    if (length > this.#body.length - this.#at) return false;
    if (!isSame(this.#view, this.#at, this.#tableView, start, length)) return false;
    if (table.refs[line] === NO_SAMPLE) return true;
    if (table.types[line] !== 0 && table.types[line] !== this.#type) return false;
    // More blanks, or an opening brace, would make the line another series.
    const byte = this.#body[this.#at + length] ?? 0;
    return byte > SPACE && byte !== 0x7b;
  }

  /** A known line that is elsewhere, or whose end the fast loop does not read. */
  #readRest(reader: EntryReader, line: number): void {
    const table = this.#table;
    if (line !== this.#line) this.#disturb();
    const ref = table.refs[line]!;
    const start = this.#at;
    const valueStart = start + table.endOf(line) - table.endOf(line - 1);
    if (ref === NO_SAMPLE) {
      if (table.types[line] !== 0) this.#type = table.types[line]!;
      this.#firstRowWithoutStart = this.#columns.count;
      this.#at = valueStart;
    } else {
      reader.rest(start, valueStart);
      this.#at = reader.at;
      this.#sample(reader, ref, table.groups[line]!);
    }
    this.#seen?.fill(1, line, line + 1);
    this.#next?.addFrom(table, line, line + 1);
    this.#line = line + 1;
  }

  #newSeries(reader: EntryReader, start: number): void {
    const labels = reader.labels();
    let group = 0;
    let isCreated = false;
    if (this.#withStartTimes) {
      isCreated = isCreatedLine(labels, reader.type);
      group = groupOf(labels, reader.type);
    }
    const ref = isCreated ? START_TIME : this.#resolve(labels, reader.type);
    this.#remember(
      start,
      reader.valueStart,
      ref,
      group,
      reader.dependsOnType || this.#withStartTimes ? TYPES.indexOf(reader.type) + 1 : 0,
    );
    this.#sample(reader, ref, group);
  }

  #resolve(labels: SeriesLabels, type: MetricType): number {
    return Math.max(DROPPED, this.#options.resolve(labels, type));
  }

  #sample(reader: EntryReader, ref: number, group: number): void {
    const columns = this.#columns;
    if (ref === START_TIME) {
      this.#setStartTimes(reader.value, group, columns.count);
      return;
    }
    if (ref === DROPPED) {
      columns.droppedCount++;
      return;
    }
    columns.add(ref, reader.value, reader.timestampMs, 0, group);
    if (reader.exemplar !== undefined) columns.exemplars.push({ ref, exemplar: reader.exemplar });
  }

  /** A `_created` line is about the samples before it that are of its metric. @param rows how many there are by now */
  #setStartTimes(seconds: number, group: number, rows: number): void {
    const { groups, startTimestampsMs } = this.#columns;
    for (let row = this.#firstRowWithoutStart; row < rows; row++) {
      if (groups[row] === group) startTimestampsMs[row] = Math.trunc(seconds * 1000);
    }
    this.#firstRowWithoutStart = rows;
  }

  /** From here on the order is another than the table's. */
  #disturb(): void {
    if (this.#next !== undefined) return;
    this.#next = new LineTable();
    this.#next.addFrom(this.#table, 0, this.#line);
    this.#seen = new Uint8Array(this.#table.count).fill(1, 0, this.#line);
  }

  #remember(start: number, end: number, ref: number, group: number, type: number): void {
    this.#disturb();
    this.#next?.add(this.#body, start, end, ref, group, type);
  }

  #finish(): void {
    const table = this.#table;
    const seen = this.#seen;
    if (this.#next === undefined && this.#line === table.count) return;
    const gone = new Set<number>();
    for (let line = seen === undefined ? this.#line : 0; line < table.count; line++) {
      if (seen?.[line] !== 1 && table.refs[line]! >= 0) gone.add(table.refs[line]!);
    }
    const next = this.#next ?? new LineTable();
    if (this.#next === undefined) next.addFrom(table, 0, this.#line);
    // A series that moved, or whose line looks otherwise, is still there.
    if (gone.size > 0) for (let line = 0; line < next.count; line++) gone.delete(next.refs[line]!);
    this.#columns.gone = Array.from(gone);
    this.#setTable(next.trimmed());
  }

  #setTable(table: LineTable): void {
    this.#table = table;
    this.#tableView = new DataView(table.keys.buffer, table.keys.byteOffset, table.keys.length);
  }
}

/** Four bytes at a time: a call of Buffer.compare costs more than the comparison of a line. */
function isSame(a: DataView, at: number, b: DataView, from: number, length: number): boolean {
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    if (a.getInt32(at + index, true) !== b.getInt32(from + index, true)) return false;
  }
  for (; index < length; index++) if (a.getUint8(at + index) !== b.getUint8(from + index)) return false;
  return true;
}
