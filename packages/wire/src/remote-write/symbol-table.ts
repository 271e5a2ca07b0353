/** The symbols of a request of protocol 2.0, by numbers that outlive it: its own say something else in the next one. None is
 *  made a text unless somebody asks. */
import { isUtf8 } from 'node:buffer';
import { LimitError, MalformedError } from '../errors.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { KeyTable, NOT_FOUND, viewOf } from './key-table.ts';
import { FIELD_4, FIELD_5, NOT_PLAIN, shortVarint, shortVarintBytes } from './plain.ts';

const METRIC_NAME = viewOf(Buffer.from('__name__'));
const SAID = 3;

export class SymbolTable {
  readonly #maxSymbols: number;
  readonly #maxKnown: number;
  /** Not bounded by itself: it would forget some of a request amid it. */
  readonly #known = new KeyTable(Number.POSITIVE_INFINITY);
  #metricName = NOT_FOUND;
  #nextNumber = 0;
  #count = 0;
  #body: Buffer = Buffer.alloc(0);
  #numbers = new Int32Array(0);
  #starts = new Uint32Array(0);
  #ends = new Uint32Array(0);
  /** Of each family by the symbol of its name: type, help and unit as they were last said in this request. */
  #said = new Uint32Array(0);
  #texts: (string | undefined)[] = [];

  /** @param maxSymbols of one request, @param maxKnown of all, at the beginning of one */
  constructor(maxSymbols: number, maxKnown: number) {
    this.#maxSymbols = maxSymbols;
    this.#maxKnown = maxKnown;
    this.forget();
  }

  /** Whether numbers have to be forgotten, and all that is known by them. */
  get isFull(): boolean {
    return this.#known.count > this.#maxKnown;
  }

  /** Symbols of this request. */
  get count(): number {
    return this.#count;
  }

  forget(): void {
    this.#known.clear();
    this.#nextNumber = 0;
    this.#metricName = this.#numberOf(METRIC_NAME, 0, METRIC_NAME.byteLength);
  }

  /** Takes those of another request, wherever they stand in it.
   *  @param body is read from until the next call
   *  @throws {MalformedError | LimitError} */
  read(body: Buffer, view: DataView): void {
    this.#body = body;
    this.#count = 0;
    this.#texts = [];
    for (let at = 0; at < body.length; ) {
      const tag = body[at];
      const size = tag === FIELD_4 || tag === FIELD_5 ? shortVarint(body, at + 1) : NOT_PLAIN;
      const start = at + 1 + shortVarintBytes(size);
      if (size !== NOT_PLAIN && start + size <= body.length) {
        at = start + size;
        if (tag === FIELD_4) this.#add(view, start, at);
        continue;
      }
      const reader = new ProtoReader(body, at);
      reader.next();
      if (reader.field === 4) {
        const { byteLength } = reader.bytes();
        this.#add(view, reader.at - byteLength, reader.at);
      } else reader.skip();
      at = reader.at;
    }
    this.#said = new Uint32Array(SAID * this.#count);
  }

  /** @param ref below `count`
   *  @returns the same for the same symbol until they are forgotten */
  number(ref: number): number {
    return this.#numbers[ref]!;
  }

  isMetricName(number: number): boolean {
    return number === this.#metricName;
  }

  /** @throws {MalformedError} it is not UTF-8 */
  text(ref: number): string {
    const known = this.#texts[ref];
    if (known !== undefined) return known;
    const text = this.#decode(ref);
    this.#texts[ref] = text;
    return text;
  }

  /** @returns whether the request had not said just that of the family before */
  says(familyRef: number, type: number, helpRef: number, unitRef: number): boolean {
    const said = this.#said;
    const at = SAID * familyRef;
    if (said[at] === type && said[at + 1] === helpRef && said[at + 2] === unitRef) return false;
    said[at] = type;
    said[at + 1] = helpRef;
    said[at + 2] = unitRef;
    return true;
  }

  #decode(ref: number): string {
    const start = this.#starts[ref]!;
    const bytes = this.#body.subarray(start, this.#ends[ref]);
    if (!isUtf8(bytes)) throw new MalformedError('a string that is not UTF-8', start);
    return bytes.toString();
  }

  #add(view: DataView, start: number, end: number): void {
    if (this.#count === this.#maxSymbols) throw new LimitError('symbols', this.#maxSymbols);
    if (this.#count === this.#numbers.length) this.#grow();
    const ref = this.#count++;
    this.#numbers[ref] = this.#numberOf(view, start, end);
    this.#starts[ref] = start;
    this.#ends[ref] = end;
  }

  #numberOf(view: DataView, start: number, end: number): number {
    const known = this.#known.get(view, start, end);
    if (known !== NOT_FOUND) return known;
    const number = this.#nextNumber++;
    this.#known.put(number);
    return number;
  }

  #grow(): void {
    const size = Math.max(1024, 2 * this.#count);
    const [numbers, starts, ends] = [this.#numbers, this.#starts, this.#ends];
    this.#numbers = new Int32Array(size);
    this.#numbers.set(numbers);
    this.#starts = new Uint32Array(size);
    this.#starts.set(starts);
    this.#ends = new Uint32Array(size);
    this.#ends.set(ends);
  }
}
