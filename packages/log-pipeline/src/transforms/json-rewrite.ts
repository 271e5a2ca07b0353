/** Writes a JSON object's members again where they cannot be spliced as they stand: each name once, nothing between
 *  tokens, well-formed UTF-8, no half surrogate pairs. Numbers and every other byte of strings stay as they are. */
import type { JsonMember, JsonObject, JsonSpan, JsonString, JsonValue } from '../kernel/json-reader.ts';
import { sequenceLength } from '../kernel/twin/utf8.ts';

/** One ill-formed byte becomes the three of U+FFFD; everything else keeps its length or shrinks. */
const GROWTH = 3;

/** Upper bound of what `rewriteMembers` writes for an object of that many bytes, with everything moved to one member. */
export function rewrittenBound(objectBytes: number, wrapperBytes: number): number {
  return GROWTH * objectBytes + wrapperBytes;
}

/** Writes the members that do not collide, then one member that holds those that do.
 *  @param out where to write; `rewrittenBound` bytes must be free there, apart from the object's own
 *  @param wrapper `"json":{`, to be closed by `}`; unused when nothing collides
 *  @returns one past the last byte */
export function rewriteMembers(
  memory: Buffer,
  out: number,
  object: JsonObject,
  collides: (name: string) => boolean,
  wrapper: Buffer,
): number {
  const staying: JsonMember[] = [];
  const moving: JsonMember[] = [];
  for (const member of distinctMembers(object)) (collides(member.name) ? moving : staying).push(member);
  const writer = new Writer(memory, out);
  writer.members(staying);
  if (moving.length > 0) {
    if (staying.length > 0) writer.byte(COMMA);
    writer.bytes(wrapper);
    writer.members(moving);
    writer.byte(CLOSE_BRACE);
  }
  return writer.at;
}

/** As JSON.parse does: the first one's place, the last one's value. */
function distinctMembers(object: JsonObject): JsonMember[] {
  return [...new Map(object.members.map((member) => [member.name, member])).values()];
}

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const REPLACEMENT = Buffer.from('\ufffd');
const ESCAPED_REPLACEMENT = Buffer.from('\\ufffd');
const UNIT_ESCAPE_BYTES = 6;

class Writer {
  readonly #memory: Buffer;
  at: number;

  constructor(memory: Buffer, at: number) {
    this.#memory = memory;
    this.at = at;
  }

  byte(byte: number): void {
    this.#memory[this.at] = byte;
    this.at += 1;
  }

  bytes(bytes: Buffer): void {
    this.at += bytes.copy(this.#memory, this.at);
  }

  #copy({ start, end }: JsonSpan): void {
    this.#memory.copyWithin(this.at, start, end);
    this.at += end - start;
  }

  members(members: readonly JsonMember[]): void {
    for (const [index, { nameSpan, value }] of members.entries()) {
      if (index > 0) this.byte(COMMA);
      this.#string(nameSpan);
      this.byte(COLON);
      this.#value(value);
    }
  }

  #value(value: JsonValue): void {
    switch (value.kind) {
      case 'object':
        this.byte(OPEN_BRACE);
        this.members(distinctMembers(value));
        this.byte(CLOSE_BRACE);
        return;
      case 'array':
        this.byte(OPEN_BRACKET);
        for (const [index, item] of value.items.entries()) {
          if (index > 0) this.byte(COMMA);
          this.#value(item);
        }
        this.byte(CLOSE_BRACKET);
        return;
      case 'string':
        this.#string(value);
        return;
      case 'literal':
        this.#copy(value);
    }
  }

  /** Copies runs of what may stand, and mends what lies between them. */
  #string({ start, end }: JsonString): void {
    let run = start;
    let at = start;
    while (at < end) {
      const byte = this.#memory[at]!;
      let length = 1;
      let mended: Buffer | undefined;
      if (byte === BACKSLASH) {
        length = this.#escapeLength(at);
        if (length < 0) mended = ESCAPED_REPLACEMENT;
      } else if (byte >= 0x80) {
        length = sequenceLength(this.#memory, at, end);
        if (length < 0) mended = REPLACEMENT;
      }
      if (mended !== undefined) {
        this.#copy({ start: run, end: at });
        this.bytes(mended);
        run = at + Math.abs(length);
      }
      at += Math.abs(length);
    }
    this.#copy({ start: run, end });
  }

  /** @returns bytes of the escape at `at`, of both for a surrogate pair; negative for half a pair */
  #escapeLength(at: number): number {
    if (this.#memory[at + 1] !== LOWER_U) return 2;
    const unit = this.#unit(at);
    if (unit < 0xd800 || unit > 0xdfff) return UNIT_ESCAPE_BYTES;
    const isPair = unit < 0xdc00 && this.#isLowSurrogate(at + UNIT_ESCAPE_BYTES);
    return isPair ? 2 * UNIT_ESCAPE_BYTES : -UNIT_ESCAPE_BYTES;
  }

  #isLowSurrogate(at: number): boolean {
    if (this.#memory[at] !== BACKSLASH || this.#memory[at + 1] !== LOWER_U) return false;
    const unit = this.#unit(at);
    return unit >= 0xdc00 && unit <= 0xdfff;
  }

  /** The code unit of `\uXXXX`. */
  #unit(at: number): number {
    return Number.parseInt(this.#memory.toString('latin1', at + 2, at + UNIT_ESCAPE_BYTES), 16);
  }
}
