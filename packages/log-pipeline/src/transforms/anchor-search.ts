/** Which texts of a batch lack the bytes that a rule cannot do without. Records of a read stand one behind another, so that
 *  one native search over all of them answers for most. */
import type { Detector } from '@vigie/core/redaction/detectors';
import type { Kernel } from '../kernel/kernel.ts';
import { DIGITS_CARD, DIGITS_IPV4 } from '../kernel/layout.ts';

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
  /** Bits of the rules that need so many digits, and the kernel's bit for that. */
  readonly #cardRules: number;
  readonly #ipv4Rules: number;
  #kernel: Kernel | undefined;
  readonly #escape: Anchor = { bytes: Buffer.from('\\'), from: 0, next: 0 };
  #memory: Buffer = Buffer.alloc(0);
  /** End of the region of the read's own bytes. */
  #inputEnd = 0;

  /** @param needs of each rule: a text without any of its anchors, or without the digits, need not be tried */
  constructor(needs: readonly Pick<Detector, 'anchors' | 'digits'>[]) {
    const rulesOf = (shape: string) =>
      needs.reduce((bits, { digits }, rule) => bits | (digits === shape ? 1 << rule : 0), 0);
    this.all = 2 ** needs.length - 1;
    this.#rules = needs.map(({ anchors }) => anchors?.map((bytes) => ({ bytes, from: 0, next: 0 })));
    this.#cardRules = rulesOf('card_number');
    this.#ipv4Rules = rulesOf('ipv4');
  }

  begin(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#memory = kernel.memory;
    this.#inputEnd = kernel.regions.input.end;
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
    if (this.#kernel === undefined || (this.#cardRules | this.#ipv4Rules) === 0) return bits;
    const shapes = this.#kernel.digitShapes(start, end - start);
    if ((shapes & DIGITS_CARD) === 0) bits |= this.#cardRules;
    if ((shapes & DIGITS_IPV4) === 0) bits |= this.#ipv4Rules;
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
