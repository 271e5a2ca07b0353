/** Takes the wanted members out of a JSON value before it is parsed: a pod is 10 to 20 KB, mostly `managedFields`, volumes
 *  and conditions, and a list of thousands parsed whole would be hundreds of megabytes of garbage. */

/** Which members are wanted: `true` keeps a value whole, a mapping goes into the object, or into each object of an array. */
export type Fields = true | { readonly [name: string]: Fields };

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Most projected pods fit; it grows for those that do not, and stays grown. */
const INITIAL_BYTES = 4096;

type Wanted = true | readonly { readonly name: Buffer; readonly fields: Wanted }[];

export class Projection {
  readonly #wanted: Wanted;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #out = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  constructor(fields: Fields) {
    this.#wanted = compile(fields);
  }

  /** Parses what is wanted of bytes start..end, which are one JSON value with nothing around it. Names are compared as
   *  they are written, which is without escapes wherever a name is one of Kubernetes' own.
   *  @throws {SyntaxError} when that is not JSON (what is not wanted is not checked)
   *  Cost: one pass over the bytes, and a parse of what is wanted. */
  parse(bytes: Buffer, start: number, end: number): unknown {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#length = 0;
    this.#value(this.#wanted);
    this.#bytes = EMPTY;
    return JSON.parse(this.#out.toString('utf8', 0, this.#length));
  }

  #value(wanted: Wanted): void {
    this.#skipSpaces();
    const first = this.#bytes[this.#at];
    if (wanted === true || (first !== OPEN_BRACE && first !== OPEN_BRACKET)) {
      const start = this.#at;
      this.#skipValue();
      this.#write(start, this.#at);
    } else if (first === OPEN_BRACE) this.#object(wanted);
    else this.#array(wanted);
  }

  #object(wanted: Exclude<Wanted, true>): void {
    this.#write(this.#at, this.#at + 1);
    this.#at++;
    let kept = 0;
    for (;;) {
      this.#skipSpaces();
      if (this.#at >= this.#end || this.#bytes[this.#at] === CLOSE_BRACE) break;
      if (this.#bytes[this.#at] === COMMA) {
        this.#at++;
        continue;
      }
      const nameStart = this.#at;
      this.#skipValue();
      const nameEnd = this.#at;
      this.#skipSpaces();
      if (this.#bytes[this.#at] === COLON) this.#at++;
      this.#skipSpaces();
      const fields = this.#find(wanted, nameStart + 1, nameEnd - 1);
      if (fields === undefined) this.#skipValue();
      else {
        if (kept++ > 0) this.#writeByte(COMMA);
        this.#write(nameStart, nameEnd);
        this.#writeByte(COLON);
        this.#value(fields);
      }
    }
    this.#writeByte(CLOSE_BRACE);
    this.#at++;
  }

  #array(wanted: Wanted): void {
    this.#write(this.#at, this.#at + 1);
    this.#at++;
    let kept = 0;
    for (;;) {
      this.#skipSpaces();
      if (this.#at >= this.#end || this.#bytes[this.#at] === CLOSE_BRACKET) break;
      if (this.#bytes[this.#at] === COMMA) {
        this.#at++;
        continue;
      }
      if (kept++ > 0) this.#writeByte(COMMA);
      this.#value(wanted);
    }
    this.#writeByte(CLOSE_BRACKET);
    this.#at++;
  }

  #find(wanted: Exclude<Wanted, true>, start: number, end: number): Wanted | undefined {
    for (const { name, fields } of wanted) {
      if (name.length === end - start && name.compare(this.#bytes, start, end) === 0) return fields;
    }
    return undefined;
  }

  #skipSpaces(): void {
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  /** Moves past one value; always moves. */
  #skipValue(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    const first = bytes[at];
    if (first === QUOTE || first === OPEN_BRACE || first === OPEN_BRACKET) {
      let depth = 0;
      let inString = false;
      while (at < end) {
        const byte = bytes[at++] as number;
        if (inString) {
          if (byte === BACKSLASH) at++;
          else if (byte === QUOTE) {
            inString = false;
            if (depth === 0) break;
          }
        } else if (byte === QUOTE) inString = true;
        else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
        else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) break;
      }
    } else {
      at++;
      while (at < end && !endsLiteral(bytes[at] as number)) at++;
    }
    this.#at = Math.min(at, end);
  }

  #writeByte(byte: number): void {
    if (this.#length === this.#out.length) this.#grow(1);
    this.#out[this.#length++] = byte;
  }

  #write(start: number, end: number): void {
    const size = end - start;
    if (this.#length + size > this.#out.length) this.#grow(size);
    this.#bytes.copy(this.#out, this.#length, start, end);
    this.#length += size;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#length + needed));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }
}

const EMPTY = Buffer.alloc(0);

function endsLiteral(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte === COLON || byte <= 0x20;
}

function compile(fields: Fields): Wanted {
  if (fields === true) return true;
  return Object.entries(fields).map(([name, inner]) => ({ name: Buffer.from(name), fields: compile(inner) }));
}
