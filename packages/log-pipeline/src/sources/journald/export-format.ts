/** The journal's export format. Source: https://systemd.io/JOURNAL_EXPORT_FORMATS/ */

/** One entry. Of a field that comes more than once the first value is kept. */
export type JournalEntry = ReadonlyMap<string, Uint8Array>;

export interface ExportLimits {
  /** Of an entry; what is larger is passed over. */
  readonly maxEntryBytes: number;
}

const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const LENGTH_BYTES = 8;
/** journald allows 1,024 fields in an entry. */
const MAX_FIELDS = 2048;

/** Takes the bytes of `journalctl -o export` as they come. Nothing is kept beyond one entry. */
export class ExportReader {
  readonly #limits: ExportLimits;
  #rest: Buffer = Buffer.alloc(0);
  #entry = new Map<string, Uint8Array>();
  #entryBytes = 0;
  #broken = false;
  /** Entries that were no such entry, or too large. */
  skipped = 0;

  constructor(limits: ExportLimits) {
    this.#limits = limits;
  }

  /** @returns the entries that end in these bytes, in order */
  push(chunk: Uint8Array): JournalEntry[] {
    const bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const entries: JournalEntry[] = [];
    let at = 0;
    while (at < bytes.length) {
      const end = this.#field(bytes, at, entries);
      if (end === undefined) break;
      at = end;
    }
    this.#rest = bytes.subarray(at);
    // With a newline it is a binary field, whose length is known to be within the limit.
    if (this.#rest.length > this.#limits.maxEntryBytes && !this.#rest.includes(NEWLINE)) this.#passOver();
    return entries;
  }

  /** Bytes of a value that is too large, still to come. */
  #pass = 0;
  /** Of a line that is too long, whose end is still to come. */
  #passesLine = false;

  /** Reads one field, or the empty line behind an entry.
   *  @returns one past it; undefined where it is not all there */
  #field(bytes: Buffer, start: number, entries: JournalEntry[]): number | undefined {
    if (this.#pass > 0) {
      const passed = Math.min(this.#pass, bytes.length - start);
      this.#pass -= passed;
      return start + passed;
    }
    const newline = bytes.indexOf(NEWLINE, start);
    if (this.#passesLine) {
      this.#passesLine = newline < 0;
      return newline < 0 ? bytes.length : newline + 1;
    }
    if (newline < 0) return undefined;
    if (newline === start) {
      this.#end(entries);
      return start + 1;
    }
    // As where its end had not come with it: what is read must not depend on how bytes are parted.
    if (newline - start > this.#limits.maxEntryBytes) {
      this.#broken = true;
      this.#entry.clear();
      return newline + 1;
    }
    const equals = bytes.subarray(start, newline).indexOf(EQUALS);
    if (equals > 0) {
      this.#add(bytes.toString('latin1', start, start + equals), bytes.subarray(start + equals + 1, newline));
      return newline + 1;
    }
    if (equals === 0) {
      this.#broken = true;
      return newline + 1;
    }
    // A name alone: length and value follow, as they may hold newlines.
    const value = newline + 1 + LENGTH_BYTES;
    if (bytes.length < value) return undefined;
    const length = bytes.readBigUInt64LE(newline + 1);
    if (length > BigInt(this.#limits.maxEntryBytes)) {
      this.#broken = true;
      this.#pass = Number(length) + 1;
      return value;
    }
    const end = value + Number(length);
    if (bytes.length <= end) return undefined;
    if (bytes[end] !== NEWLINE) this.#broken = true;
    this.#add(bytes.toString('latin1', start, newline), bytes.subarray(value, end));
    return end + 1;
  }

  #add(name: string, value: Uint8Array): void {
    this.#entryBytes += name.length + value.length;
    if (this.#entryBytes > this.#limits.maxEntryBytes || this.#entry.size >= MAX_FIELDS) {
      this.#broken = true;
      this.#entry.clear();
      return;
    }
    if (!this.#entry.has(name)) this.#entry.set(name, Uint8Array.from(value));
  }

  #end(entries: JournalEntry[]): void {
    if (this.#broken) this.skipped++;
    else if (this.#entry.size > 0) entries.push(this.#entry);
    this.#entry = new Map();
    this.#entryBytes = 0;
    this.#broken = false;
  }

  /** A line without an end: what was read of it is let go, and the entry with it. */
  #passOver(): void {
    this.#broken = true;
    this.#passesLine = true;
    this.#entry.clear();
    this.#rest = Buffer.alloc(0);
  }
}
