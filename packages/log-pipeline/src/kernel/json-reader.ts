/** A strict reader of one JSON object in bytes (RFC 8259). It keeps where things stand and decodes names alone, so that
 *  what it found can be written again byte for byte. Slow and plain: the oracle of the kernel's scanner, and what
 *  rewrites the few objects that cannot be spliced as they stand. */
import { MAX_JSON_DEPTH } from './layout.ts';
import { sequenceLength } from './twin/utf8.ts';

/** `start` and `end` (one past the last byte) in the bytes read. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

export interface JsonObject extends JsonSpan {
  readonly kind: 'object';
  readonly members: readonly JsonMember[];
}

export interface JsonArray extends JsonSpan {
  readonly kind: 'array';
  readonly items: readonly JsonValue[];
}

/** With its quotes. */
export interface JsonString extends JsonSpan {
  readonly kind: 'string';
}

/** A number, true, false or null. */
export interface JsonLiteral extends JsonSpan {
  readonly kind: 'literal';
}

export type JsonValue = JsonObject | JsonArray | JsonString | JsonLiteral;

/** From the name's first quote to the value's end. */
export interface JsonMember extends JsonSpan {
  /** Decoded: escapes resolved, U+FFFD for what is ill-formed. */
  readonly name: string;
  readonly nameSpan: JsonString;
  readonly value: JsonValue;
}

export type JsonObjectReading =
  | {
      readonly status: 'object';
      readonly object: JsonObject;
      /** It holds what cannot go into a line of JSON as it stands, or names that cannot be compared as bytes. */
      readonly irregular: boolean;
    }
  | { readonly status: 'not_an_object' | 'invalid' | 'too_deep' };

/** Reads bytes start..end as one object with nothing but white space around it. */
export function readJsonObject(bytes: Uint8Array, start: number, end: number): JsonObjectReading {
  const reader = new Reader(bytes, start, end);
  reader.skipSpaces();
  if (reader.peek() !== OPEN_BRACE) return { status: 'not_an_object' };
  reader.irregular = false; // a newline before the object is not part of it
  try {
    const object = reader.object(1);
    const { irregular } = reader;
    reader.skipSpaces();
    return reader.peek() === NOTHING ? { status: 'object', object, irregular } : { status: 'invalid' };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status };
    throw error;
  }
}

class Refusal extends Error {
  readonly status: 'invalid' | 'too_deep';

  constructor(status: 'invalid' | 'too_deep') {
    super(status);
    this.status = status;
  }
}

const NOTHING = -1;
const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const LOWER_U = 0x75;
const SPACES: ReadonlySet<number> = new Set(Buffer.from(' \t\n\r'));
const SHORT_ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const NUMBER_BYTES: ReadonlySet<number> = new Set(Buffer.from('-+.eE0123456789'));
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  irregular = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  peek(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : NOTHING;
  }

  skipSpaces(): void {
    while (SPACES.has(this.peek())) {
      if (this.peek() === LF) this.irregular = true;
      this.#at += 1;
    }
  }

  object(depth: number): JsonObject {
    const start = this.#at;
    const members: JsonMember[] = [];
    this.#enter(depth);
    if (!this.#closes('}')) {
      do {
        this.skipSpaces();
        members.push(this.#member(depth));
        this.skipSpaces();
      } while (this.#takes(','));
      this.#expect('}');
    }
    if (!this.irregular && new Set(members.map(({ name }) => name)).size < members.length) this.irregular = true;
    return { kind: 'object', start, end: this.#at, members };
  }

  #array(depth: number): JsonArray {
    const start = this.#at;
    const items: JsonValue[] = [];
    this.#enter(depth);
    if (!this.#closes(']')) {
      do {
        this.skipSpaces();
        items.push(this.#value(depth));
        this.skipSpaces();
      } while (this.#takes(','));
      this.#expect(']');
    }
    return { kind: 'array', start, end: this.#at, items };
  }

  #enter(depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw new Refusal('too_deep');
    this.#at += 1;
  }

  #closes(bracket: string): boolean {
    this.skipSpaces();
    return this.#takes(bracket);
  }

  #takes(char: string): boolean {
    if (this.peek() !== char.charCodeAt(0)) return false;
    this.#at += 1;
    return true;
  }

  #expect(char: string): void {
    if (!this.#takes(char)) throw new Refusal('invalid');
  }

  #member(depth: number): JsonMember {
    const nameSpan = this.#string();
    const name = this.#name(nameSpan);
    this.skipSpaces();
    this.#expect(':');
    this.skipSpaces();
    const value = this.#value(depth);
    return { name, nameSpan, value, start: nameSpan.start, end: value.end };
  }

  #name({ start, end }: JsonString): string {
    const text = this.#bytes.toString('utf8', start + 1, end - 1);
    if (!text.includes('\\')) return text;
    this.irregular = true;
    const name: unknown = JSON.parse(`"${text}"`);
    // By way of UTF-8 a lone surrogate is U+FFFD, which is also what it is written as.
    return Buffer.from(String(name)).toString();
  }

  #value(depth: number): JsonValue {
    switch (String.fromCharCode(this.peek())) {
      case '{':
        return this.object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true');
      case 'f':
        return this.#word('false');
      case 'n':
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #string(): JsonString {
    const start = this.#at;
    this.#expect('"');
    for (;;) {
      const byte = this.peek();
      if (byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH) {
        this.#at += 1;
        continue;
      }
      if (byte < 0x20) throw new Refusal('invalid'); // controls, and the end
      if (byte === BACKSLASH) {
        this.#escape();
        continue;
      }
      const sequence = sequenceLength(this.#bytes, this.#at, this.#end);
      if (sequence < 0) this.irregular = true;
      this.#at += Math.abs(sequence);
      if (byte === QUOTE) return { kind: 'string', start, end: this.#at };
    }
  }

  #escape(): void {
    this.#at += 1;
    const letter = this.peek();
    this.#at += 1;
    if (SHORT_ESCAPES.has(letter)) return;
    if (letter !== LOWER_U) throw new Refusal('invalid');
    const unit = this.#hex4();
    if (unit < 0xd800 || unit > 0xdfff) return;
    const next = String.fromCharCode(this.peek(), this.#at + 1 < this.#end ? this.#bytes[this.#at + 1]! : 0);
    if (unit < 0xdc00 && next === '\\u') {
      const after = this.#at;
      this.#at += 2;
      const low = this.#hex4();
      if (low >= 0xdc00 && low <= 0xdfff) return;
      this.#at = after; // an escape of its own
    }
    this.irregular = true;
  }

  #hex4(): number {
    const digits = this.#bytes.toString('latin1', this.#at, Math.min(this.#at + 4, this.#end));
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Refusal('invalid');
    this.#at += 4;
    return Number.parseInt(digits, 16);
  }

  #word(word: string): JsonLiteral {
    const start = this.#at;
    for (const char of word) this.#expect(char);
    return { kind: 'literal', start, end: this.#at };
  }

  #number(): JsonLiteral {
    const start = this.#at;
    let end = start;
    while (end < this.#end && NUMBER_BYTES.has(this.#bytes[end]!)) end += 1;
    NUMBER.lastIndex = 0;
    if (!NUMBER.test(this.#bytes.toString('latin1', start, end))) throw new Refusal('invalid');
    this.#at += NUMBER.lastIndex;
    return { kind: 'literal', start, end: this.#at };
  }
}
