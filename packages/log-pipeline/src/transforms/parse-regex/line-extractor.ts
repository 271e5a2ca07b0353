/** One pattern at work in one kernel: a text's groups become members in the arena. */
import { isUtf8 } from 'node:buffer';
import type { Regex } from '@vigie/core/regex';
import type { Batch } from '../../batch/batch.ts';
import type { ExtractedMember } from '../../kernel/extractor.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { EXTRACT_ILL_FORMED, EXTRACT_MAX_SLOTS, EXTRACT_NO_MATCH, EXTRACT_NO_ROOM } from '../../kernel/layout.ts';
import type { Span } from '../members.ts';

/** `extra` is empty where no group with a member took part; `message` is undefined where there is no such group, or it
 *  took no part. Overwritten by the next call. */
export interface ExtractedLine {
  readonly extra: Span;
  readonly message: Span | undefined;
}

/** Groups a pattern can have, the whole match not counted. */
export const MAX_GROUPS = EXTRACT_MAX_SLOTS / 2 - 1;

export class LineExtractor {
  readonly #regex: Regex;
  readonly #members: readonly ExtractedMember[];
  readonly #messageGroup: number;
  /** `"target":{`, empty for the root. */
  readonly #opening: Buffer;
  #kernel: Kernel | undefined;
  #renewals = 0;
  #extractor = -1;
  /** The kernel has no tables of this pattern: it only writes what the regular expression found. */
  #writesOnly = false;

  /** @param target member that takes the others; empty for the record's root */
  constructor(regex: Regex, members: readonly ExtractedMember[], target: string) {
    this.#regex = regex;
    this.#members = members;
    this.#messageGroup = regex.groupNames.indexOf('message');
    this.#opening = Buffer.from(target === '' ? '' : `${JSON.stringify(target)}:{`);
  }

  extract({ kernel, arena }: Batch, start: number, length: number): ExtractedLine | 'no_match' | 'no_room' {
    if (this.#kernel !== kernel || this.#renewals !== kernel.renewals) this.#load(kernel);
    if (this.#extractor === -1) return 'no_room';
    const { memory } = kernel;
    const room = arena.freeBytes;
    const at = arena.alloc(room);
    const from = at + this.#opening.length;
    const to = at + room - 1; // a target's brace
    let written: number = EXTRACT_NO_ROOM;
    if (from < to) {
      written = this.#writesOnly ? EXTRACT_ILL_FORMED : kernel.extract(this.#extractor, start, length, from, to);
      if (written === EXTRACT_ILL_FORMED) written = this.#extractSlowly(kernel, start, length, from, to);
    }
    if (written < 0) {
      arena.shrink(at, 0);
      return written === EXTRACT_NO_MATCH ? 'no_match' : 'no_room';
    }
    let end = from + written;
    if (this.#opening.length > 0 && written > 0) {
      this.#opening.copy(memory, at);
      memory[end++] = CLOSE_BRACE;
    }
    arena.shrink(at, written === 0 ? 0 : end - at);
    return { extra: written === 0 ? NOTHING : { start: at, end }, message: this.#messageSpan(kernel) };
  }

  #load(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#renewals = kernel.renewals;
    this.#extractor =
      this.#regex.automaton === undefined ? -1 : kernel.loadExtractor(this.#regex.automaton, this.#members);
    this.#writesOnly = this.#extractor === -1;
    if (this.#writesOnly) this.#extractor = kernel.loadExtractor(undefined, this.#members);
  }

  /** For ill-formed text, and for patterns whose tables the kernel does not have. */
  #extractSlowly(kernel: Kernel, start: number, length: number, from: number, to: number): number {
    const { memory, groupSlots } = kernel;
    if (!this.#writesOnly && isUtf8(memory.subarray(start, start + length))) return EXTRACT_NO_MATCH;
    const spans = groupSlots.subarray(0, 2 * this.#regex.groupNames.length);
    if (!this.#regex.execBytes(memory, start, start + length, spans)) return EXTRACT_NO_MATCH;
    return kernel.writeGroups(this.#extractor, from, to);
  }

  #messageSpan({ groupSlots }: Kernel): Span | undefined {
    if (this.#messageGroup === -1) return undefined;
    const start = groupSlots[2 * this.#messageGroup]!;
    return start === -1 ? undefined : { start, end: groupSlots[2 * this.#messageGroup + 1]! };
  }
}

const CLOSE_BRACE = 0x7d;
const NOTHING: Span = { start: 0, end: 0 };
