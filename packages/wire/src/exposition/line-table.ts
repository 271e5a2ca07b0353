/** The lines of a target's last scrape, in their order: what each looked like up to its value, and what it meant. */

/** In place of a series reference: a line without a sample. */
export const NO_SAMPLE = -2;
/** In place of a series reference: the line says when a metric began. */
export const START_TIME = -3;

/** Bytes per line beside its key: 13. */
export class LineTable {
  count = 0;
  /** Keys one behind the other. */
  keys: Buffer;
  /** End of each key in `keys`. */
  ends: Uint32Array;
  /** The series, DROPPED, NO_SAMPLE or START_TIME. */
  refs: Int32Array;
  /** Which samples belong to which START_TIME: a hash, 0 without. */
  groups: Int32Array;
  /** Of NO_SAMPLE the type that holds from here on; of others the type that must hold. From 1; 0 for none. */
  types: Uint8Array;

  constructor(lines = 0, keyBytes = 0) {
    this.keys = Buffer.allocUnsafeSlow(keyBytes);
    this.ends = new Uint32Array(lines);
    this.refs = new Int32Array(lines);
    this.groups = new Int32Array(lines);
    this.types = new Uint8Array(lines);
  }

  get keyBytes(): number {
    return this.endOf(this.count - 1);
  }

  endOf(line: number): number {
    return line < 0 ? 0 : this.ends[line]!;
  }

  add(bytes: Buffer, start: number, end: number, ref: number, group: number, type: number): void {
    const keyStart = this.keyBytes;
    this.#reserve(1, end - start);
    bytes.copy(this.keys, keyStart, start, end);
    const line = this.count++;
    this.ends[line] = keyStart + end - start;
    this.refs[line] = ref;
    this.groups[line] = group;
    this.types[line] = type;
  }

  /** Adds lines `from` to `to` (exclusive) of another table. */
  addFrom(other: LineTable, from: number, to: number): void {
    if (from === to) return;
    const keyStart = this.keyBytes;
    const otherStart = other.endOf(from - 1);
    this.#reserve(to - from, other.endOf(to - 1) - otherStart);
    other.keys.copy(this.keys, keyStart, otherStart, other.endOf(to - 1));
    const shift = keyStart - otherStart;
    for (let line = from; line < to; line++) this.ends[this.count + line - from] = other.ends[line]! + shift;
    this.refs.set(other.refs.subarray(from, to), this.count);
    this.groups.set(other.groups.subarray(from, to), this.count);
    this.types.set(other.types.subarray(from, to), this.count);
    this.count += to - from;
  }

  /** A copy without room to grow, for as long as the target answers the same. */
  trimmed(): LineTable {
    const table = new LineTable(this.count, this.keyBytes);
    table.addFrom(this, 0, this.count);
    return table;
  }

  #reserve(lines: number, keyBytes: number): void {
    const wantedBytes = this.keyBytes + keyBytes;
    if (wantedBytes > this.keys.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.keys.length, wantedBytes));
      grown.set(this.keys.subarray(0, this.keyBytes));
      this.keys = grown;
    }
    const wanted = this.count + lines;
    if (wanted <= this.ends.length) return;
    const size = Math.max(64, 2 * this.ends.length, wanted);
    this.ends = grow(this.ends, new Uint32Array(size));
    this.refs = grow(this.refs, new Int32Array(size));
    this.groups = grow(this.groups, new Int32Array(size));
    this.types = grow(this.types, new Uint8Array(size));
  }
}

function grow<T extends Int32Array | Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
