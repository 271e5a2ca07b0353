/** Which texts of a batch lack the bytes that a rule cannot do without. Records of a read stand one behind another, so that
 *  one native search over all of them answers for most. */
import type { Kernel } from '../kernel/kernel.ts';

interface Anchor {
  readonly bytes: Buffer;
  /** No occurrence begins at `from` or later, before `next`. */
  from: number;
  next: number;
}

export class AnchorSearch {
  /** The bits of all rules. */
  readonly all: number;
  readonly #rules: readonly (readonly Anchor[] | undefined)[];
  readonly #escape: Anchor = { bytes: Buffer.from('\\'), from: 0, next: 0 };
  #memory: Buffer = Buffer.alloc(0);
  /** End of the region of the read's own bytes. */
  #inputEnd = 0;

  /** @param anchors of each rule: a text without any of these need not be tried; undefined: it always has to be */
  constructor(anchors: readonly (readonly Buffer[] | undefined)[]) {
    this.all = 2 ** anchors.length - 1;
    this.#rules = anchors.map((rule) => rule?.map((bytes) => ({ bytes, from: 0, next: 0 })));
  }

  begin({ memory, regions }: Kernel): void {
    this.#memory = memory;
    this.#inputEnd = regions.input.end;
    for (const rule of this.#rules) for (const anchor of rule ?? []) forget(anchor);
    forget(this.#escape);
  }

  /** Bits of the rules that need not be tried on start..end. */
  missing(start: number, end: number): number {
    let bits = 0;
    for (let rule = 0; rule < this.#rules.length; rule++) {
      const anchors = this.#rules[rule];
      if (anchors !== undefined && !anchors.some((anchor) => this.#has(anchor, start, end))) bits |= 1 << rule;
    }
    return bits;
  }

  hasEscape(start: number, end: number): boolean {
    return this.#has(this.#escape, start, end);
  }

  #has(anchor: Anchor, start: number, end: number): boolean {
    // Texts in the arena come in no order, and would make the input be searched again.
    if (start >= this.#inputEnd) return this.#memory.subarray(start, end).includes(anchor.bytes);
    if (start < anchor.from || start > anchor.next) {
      const found = this.#memory.subarray(start, this.#inputEnd).indexOf(anchor.bytes);
      anchor.from = start;
      anchor.next = found === -1 ? this.#inputEnd : start + found;
    }
    return anchor.next < end;
  }
}

function forget(anchor: Anchor): void {
  anchor.from = 0;
  anchor.next = -1;
}
