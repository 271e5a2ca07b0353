import { decodeUtf8, type Line, type Stream } from './lines.ts';

/** One file's worth of bytes, whatever it is called, copied to or compressed into. */
export interface Generation {
  readonly log: LogModel;
  /** Bytes written so far. */
  bytes: number;
  /** No file holds the bytes any more. */
  destroyed: boolean;
  /** A reader need not know that it was ever there. */
  goneUnnoticed: boolean;
}

/** A line as it lies in its generation. */
export interface Piece {
  readonly line: Line;
  readonly generation: Generation;
  readonly offset: number;
  /** Bytes of it that are written; less than the line's only while, or if for ever, it is torn. */
  written: number;
}

/** What the agent must make one document of. */
export interface LogRecord {
  readonly log: LogModel;
  /** Place among the log's records, in the order in which they begin. */
  readonly order: number;
  /** The one before it on its stream. */
  readonly before: LogRecord | undefined;
  readonly pieces: Piece[];
  /** Its last line ends the message and has its newline. */
  complete: boolean;
  /** It had arrived when bytes of it were destroyed. */
  arrivedInTime: boolean;
}

/** What a document must say. */
export interface Expected {
  readonly message: string;
  readonly flags: readonly string[];
}

/** The document's members that matter here, as the sink decoded them. */
export interface ArrivedDocument {
  readonly time: string;
  readonly message: string;
  readonly stream: string;
  readonly podUid: string;
  readonly container: string;
  readonly path: string;
  readonly offset: number;
  readonly flags: readonly string[];
}

/** One container run's log: `RESTART.log` with its generations. */
export class LogModel {
  /** `POD_UID/CONTAINER/RESTART`. */
  readonly key: string;
  readonly records: LogRecord[] = [];
  readonly generations: Generation[] = [];
  readonly #byTime = new Map<string, LogRecord>();
  readonly #unparsed = new Map<string, LogRecord>();
  readonly #open: Record<Stream, LogRecord | undefined> = { stdout: undefined, stderr: undefined };
  readonly #latest: Record<Stream, LogRecord | undefined> = { stdout: undefined, stderr: undefined };
  #torn: Piece | undefined;

  constructor(key: string) {
    this.key = key;
  }

  addGeneration(): Generation {
    const generation: Generation = { log: this, bytes: 0, destroyed: false, goneUnnoticed: false };
    this.generations.push(generation);
    return generation;
  }

  /** Lines about to be appended; the last one perhaps only in part.
   *  @param cutBytes how many bytes of the last line stay away for now */
  append(generation: Generation, lines: readonly Line[], cutBytes: number): void {
    for (const [index, line] of lines.entries()) {
      const cut = index === lines.length - 1 ? cutBytes : 0;
      const piece: Piece = { line, generation, offset: generation.bytes, written: line.bytes.length - cut };
      generation.bytes += piece.written;
      const record = this.#recordOf(line);
      record.pieces.push(piece);
      if (cut > 0) this.#torn = piece;
      else this.#ended(record, line);
    }
  }

  /** The bytes that `append` left away are now written. */
  mend(): void {
    const torn = this.#torn;
    if (torn === undefined) return;
    torn.generation.bytes += torn.line.bytes.length - torn.written;
    torn.written = torn.line.bytes.length;
    this.#torn = undefined;
    this.#ended(this.#find(torn.line), torn.line);
  }

  get torn(): Piece | undefined {
    return this.#torn;
  }

  get hasOpen(): boolean {
    return this.#open.stdout !== undefined || this.#open.stderr !== undefined || this.#torn !== undefined;
  }

  /** The record that a document claims to be, if any. */
  match(document: ArrivedDocument): LogRecord | undefined {
    const name = NAME.exec(document.message)?.[0];
    return (
      (document.flags.includes('unparsed') && name !== undefined ? this.#unparsed.get(name) : undefined) ??
      this.#byTime.get(document.time) ??
      this.records.find((record) => isRaw(record, document))
    );
  }

  #recordOf(line: Line): LogRecord {
    const open = line.time === undefined ? undefined : this.#open[line.stream];
    if (open !== undefined) {
      this.#byTime.set(line.time!, open);
      return open;
    }
    const record: LogRecord = {
      log: this,
      order: this.records.length,
      before: line.time === undefined ? undefined : this.#latest[line.stream],
      pieces: [],
      complete: false,
      arrivedInTime: false,
    };
    this.records.push(record);
    if (line.time === undefined) this.#unparsed.set(nameOf(line), record);
    else {
      this.#byTime.set(line.time, record);
      this.#open[line.stream] = record;
      this.#latest[line.stream] = record;
    }
    return record;
  }

  #find(line: Line): LogRecord {
    return (line.time === undefined ? this.#unparsed.get(nameOf(line)) : this.#byTime.get(line.time))!;
  }

  #ended(record: LogRecord, line: Line): void {
    if (!line.final) return;
    record.complete = true;
    if (line.time !== undefined) this.#open[line.stream] = undefined;
  }
}

/** Lines that do not parse carry a name, since no time tells them apart. */
const NAME = /~\d+~/;

function nameOf(line: Line): string {
  return NAME.exec(Buffer.from(line.content).toString('latin1'))![0];
}

/** A line cut for ever before its name or its time was whole, or cut because it is too long for a read, can only
 *  be told by its bytes. */
function isRaw(record: LogRecord, document: ArrivedDocument): boolean {
  if (!document.flags.includes('unparsed')) return false;
  return record.pieces.some((piece) => {
    if (piece.offset !== document.offset) return false;
    const known = decodeUtf8(piece.line.bytes.subarray(0, piece.written));
    // The last character may have been cut.
    return known.startsWith(document.message.slice(0, -2));
  });
}

/** Bytes of a record on disk, newlines included. */
export function writtenBytes(record: LogRecord): number {
  return record.pieces.reduce((sum, piece) => sum + piece.written, 0);
}

/** Bytes of messages that nothing has ended, as far as they are written. */
export function openBytes(models: readonly LogModel[]): number {
  const open = models.flatMap((model) => model.records).filter((record) => !record.complete);
  return open.reduce((sum, record) => sum + writtenBytes(record), 0);
}

/** Whether it may be missing, or arrive in another form, through no fault of the reader. */
export function isEndangered(record: LogRecord): boolean {
  return hasLost(record) || seemsToContinue(record) !== undefined;
}

function hasLost(record: LogRecord): boolean {
  return record.pieces.some((piece) => piece.generation.destroyed);
}

/** The record, left open in an earlier generation, that this one seems to be the rest of to whoever does not know that a
 *  generation stood between them. */
function seemsToContinue(record: LogRecord): LogRecord | undefined {
  for (let before = record.before; before !== undefined && hasLost(before); before = before.before) {
    const generations = new Set(before.pieces.map((piece) => piece.generation));
    if (generations.size > 1 && [...generations].some((one) => one.goneUnnoticed)) return before;
  }
  return undefined;
}

/** Every form in which the record may arrive; more than one only where nobody can know better. */
export function expectedForms(record: LogRecord, format: 'cri' | 'docker', maxLineBytes: number): Expected[] {
  const first = record.pieces[0]!;
  const torn = record.pieces.at(-1)!;
  const whole = record.pieces.filter((piece) => piece.written === piece.line.bytes.length);
  const open = record.complete ? [] : ['partial'];
  if (first.line.time === undefined) {
    const flags = first.written < first.line.bytes.length ? ['unparsed', 'partial'] : ['unparsed'];
    return [
      cut([first.line.bytes.subarray(0, Math.min(first.written, first.line.content.length))], flags, maxLineBytes),
    ];
  }
  const joined = contentsOf(whole, format);
  if (whole.length === record.pieces.length) {
    const forms = [cut(joined, open, maxLineBytes)];
    const { bytes } = first.line;
    const raw = format === 'docker' && whole.length === 1 && bytes.length > maxLineBytes;
    // A JSON line of which only the beginning is read is no JSON.
    if (raw) forms.push(cut([bytes], ['unparsed'], maxLineBytes));
    return forms;
  }
  // Torn for ever: where the head of the line is whole it may be parsed, else it is shipped as it is.
  const forms: Expected[] = [];
  const { contentStart } = torn.line;
  if (contentStart !== undefined && torn.written >= contentStart) {
    const rest = torn.line.bytes.subarray(contentStart, torn.written);
    forms.push(cut([...joined, rest.at(-1) === 0x0a ? rest.subarray(0, -1) : rest], ['partial'], maxLineBytes));
  }
  if (joined.length > 0) forms.push(cut(joined, ['partial'], maxLineBytes));
  forms.push(cut([torn.line.bytes.subarray(0, torn.written)], ['unparsed', 'partial'], maxLineBytes));
  return forms;
}

/** docker's fragments are text each for itself; CRI's are bytes, and a character may lie across two of them. */
function contentsOf(pieces: readonly Piece[], format: 'cri' | 'docker'): Uint8Array[] {
  const contents = pieces.map((piece) => piece.line.content);
  return format === 'docker' ? contents.map((content) => Buffer.from(decodeUtf8(content))) : contents;
}

function cut(parts: readonly Uint8Array[], flags: readonly string[], maxLineBytes: number): Expected {
  const bytes = Buffer.concat(parts);
  if (bytes.length <= maxLineBytes) return { message: decodeUtf8(bytes), flags };
  return { message: decodeUtf8(bytes.subarray(0, maxLineBytes)), flags: ['truncated', ...flags] };
}

/** Whether the message is one that a reader could make of what is left after some of its bytes were destroyed, alone or
 *  with what seems to continue it. */
export function isRemainder(
  record: LogRecord,
  message: string,
  format: 'cri' | 'docker',
  maxLineBytes: number,
): boolean {
  const contents = contentsOf(record.pieces, format);
  const heirs = record.log.records.filter((one) => seemsToContinue(one) === record);
  const ends = [[], ...heirs.map((heir) => contentsOf(heir.pieces, format))];
  for (let from = 0; from < contents.length; from++) {
    for (let to = from + 1; to <= contents.length; to++) {
      const left = contents.slice(from, to);
      if (ends.some((end) => cut([...left, ...end], [], maxLineBytes).message === message)) return true;
    }
  }
  return false;
}
