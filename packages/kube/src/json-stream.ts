/** Finds the values in JSON that comes in pieces and is too large to be held: the items of a list, the events of a watch.
 *  Each is then parsed by itself, and its garbage can go before the next is read (docs/decisions/0013). */
import { VigieError } from '@vigie/core/errors';

/** Told of a value: bytes start..end of the buffer, which are the caller's until it returns. */
export type OnValue = (bytes: Buffer, start: number, end: number) => void;

/** etcd holds objects of up to 1.5 MiB, twice that as JSON. */
export const MAX_VALUE_BYTES = 8 << 20;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Of a number, true, false or null. */
function endsLiteral(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}

function malformed(what: string): VigieError {
  return new VigieError('KUBE_JSON_MALFORMED', `the server's JSON is malformed: ${what}`);
}

/** Values one after another, with white space between them or nothing: what a watch sends. */
export class JsonSequenceReader {
  readonly #value: ValueInPieces;
  #inValue = false;

  constructor(onValue: OnValue) {
    this.#value = new ValueInPieces(onValue);
  }

  /** @throws {VigieError} KUBE_JSON_MALFORMED, or what onValue throws; the reader is of no use then */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inValue) {
        at = this.#value.read(chunk, at);
        this.#inValue = this.#value.incomplete;
      } else if (isSpace(chunk[at] ?? 0)) at++;
      else {
        this.#value.begin();
        this.#inValue = true;
      }
    }
  }

  /** @throws {VigieError} KUBE_JSON_MALFORMED when the last value is not complete */
  end(): void {
    if (this.#inValue) throw malformed('it ends within a value');
  }
}

type ListPlace = 'before' | 'name' | 'in_name' | 'colon' | 'value' | 'in_value' | 'member_end' | 'after' | ItemPlace;
type ItemPlace = 'item' | 'in_item' | 'item_end';

/** A list as the API server sends it, `{"kind":…,"metadata":{…},"items":[…]}`, its members in any order. */
export class JsonListReader {
  readonly #item: ValueInPieces;
  readonly #name: ValueInPieces;
  readonly #value: ValueInPieces;
  readonly #members = new Map<string, unknown>();
  #place: ListPlace = 'before';
  #memberName = '';
  #itemSeen = false;

  constructor(onItem: OnValue) {
    this.#item = new ValueInPieces(onItem);
    this.#name = new ValueInPieces((bytes, start, end) => {
      this.#memberName = String(parsed(bytes, start, end));
    });
    this.#value = new ValueInPieces((bytes, start, end) => {
      this.#members.set(this.#memberName, parsed(bytes, start, end));
    });
  }

  /** @throws {VigieError} KUBE_JSON_MALFORMED, or what onItem throws; the reader is of no use then */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#step(chunk, at);
  }

  /** @returns the members beside the items
   *  @throws {VigieError} KUBE_JSON_MALFORMED when the list is not complete */
  end(): ReadonlyMap<string, unknown> {
    if (this.#place !== 'after') throw malformed('it ends within the list');
    return this.#members;
  }

  /** @returns where to go on */
  #step(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? 0;
    switch (this.#place) {
      case 'in_name':
        return this.#pass(this.#name, chunk, at, 'colon');
      case 'in_value':
        return this.#pass(this.#value, chunk, at, 'member_end');
      case 'in_item':
        return this.#pass(this.#item, chunk, at, 'item_end');
    }
    if (isSpace(byte)) return at + 1;
    switch (this.#place) {
      case 'before':
        return this.#expect(byte === OPEN_BRACE, at, 'name');
      case 'name':
        if (byte === CLOSE_BRACE && this.#members.size === 0 && !this.#itemSeen) return this.#expect(true, at, 'after');
        if (byte !== QUOTE) throw malformed('a member without a name');
        return this.#begin(this.#name, at, 'in_name');
      case 'colon':
        return this.#expect(byte === COLON, at, 'value');
      case 'value':
        if (this.#memberName !== 'items' || byte !== OPEN_BRACKET) return this.#begin(this.#value, at, 'in_value');
        this.#itemSeen = false;
        return this.#expect(true, at, 'item');
      case 'item':
        if (byte === CLOSE_BRACKET && !this.#itemSeen) return this.#expect(true, at, 'member_end');
        this.#itemSeen = true;
        return this.#begin(this.#item, at, 'in_item');
      case 'item_end':
        if (byte === CLOSE_BRACKET) return this.#expect(true, at, 'member_end');
        return this.#expect(byte === COMMA, at, 'item');
      case 'member_end':
        if (byte === CLOSE_BRACE) return this.#expect(true, at, 'after');
        return this.#expect(byte === COMMA, at, 'name');
      case 'after':
        throw malformed('something follows the list');
    }
  }

  #expect(isThere: boolean, at: number, next: ListPlace): number {
    if (!isThere) throw malformed(`unexpected byte (${this.#place})`);
    this.#place = next;
    return at + 1;
  }

  #begin(value: ValueInPieces, at: number, next: ListPlace): number {
    value.begin();
    this.#place = next;
    return at;
  }

  #pass(value: ValueInPieces, chunk: Buffer, at: number, next: ListPlace): number {
    const end = value.read(chunk, at);
    if (!value.incomplete) this.#place = next;
    return end;
  }
}

function parsed(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch (error) {
    throw new VigieError('KUBE_JSON_MALFORMED', "the server's JSON is malformed", { cause: error });
  }
}

/** One value that may begin in one chunk and end in another. Brackets are counted and strings are passed over; nothing
 *  else is checked. */
class ValueInPieces {
  readonly #onValue: OnValue;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #depth = 0;
  #inString = false;
  /** The byte before was a backslash, within a string. */
  #escaped = false;
  /** A number, true, false or null: ends before what is no part of it. */
  #isLiteral = false;
  #started = false;
  incomplete = false;

  constructor(onValue: OnValue) {
    this.#onValue = onValue;
  }

  /** The next byte read is the value's first. */
  begin(): void {
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#isLiteral = false;
    this.#started = false;
    this.incomplete = true;
  }

  /** @returns one past the value's last byte, or the chunk's length while it is incomplete */
  read(chunk: Buffer, from: number): number {
    const end = this.#find(chunk, from);
    if (this.#heldBytes + (end === -1 ? chunk.length : end) - from > MAX_VALUE_BYTES)
      throw malformed(`a value of more than ${MAX_VALUE_BYTES} bytes`);
    if (end === -1) {
      this.#pieces.push(chunk.subarray(from));
      this.#heldBytes += chunk.length - from;
      return chunk.length;
    }
    this.incomplete = false;
    if (this.#pieces.length === 0) {
      this.#onValue(chunk, from, end);
      return end;
    }
    const whole = Buffer.concat([...this.#pieces, chunk.subarray(from, end)]);
    this.#pieces = [];
    this.#onValue(whole, 0, whole.length);
    return end;
  }

  /** @returns -1 when the value does not end in this chunk */
  #find(chunk: Buffer, from: number): number {
    let at = from;
    if (!this.#started) {
      const first = chunk[at] ?? 0;
      // It would end where it begins, and a sequence never come to its end.
      if (endsLiteral(first)) throw malformed('a value is missing');
      this.#started = true;
      this.#isLiteral = first !== OPEN_BRACE && first !== OPEN_BRACKET && first !== QUOTE;
    }
    if (this.#isLiteral) {
      while (at < chunk.length) {
        if (endsLiteral(chunk[at] ?? 0)) return at;
        at++;
      }
      return -1;
    }
    let depth = this.#depth;
    let inString = this.#inString;
    if (this.#escaped) {
      at++;
      this.#escaped = false;
    }
    // Every byte of a list passes here: kept to compares, in the order of how often they are met.
    while (at < chunk.length) {
      const byte = chunk[at++] as number;
      if (inString) {
        if (byte === BACKSLASH) {
          if (at === chunk.length) this.#escaped = true;
          at++;
        } else if (byte === QUOTE) {
          inString = false;
          if (depth === 0) return at;
        }
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
    }
    this.#depth = depth;
    this.#inString = inString;
    return -1;
  }
}
