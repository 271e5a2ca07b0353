/** Replaces personal data and secrets in text, by a mask or by a keyed hash that tells equal ones from others. */
import { createHmac } from 'node:crypto';
import { compileRegex, type Regex } from '../regex/regex.ts';
import { DETECTORS, type Detector, type DetectorName, type Finding } from './detectors.ts';

export interface RedactorOptions {
  readonly presets: readonly DetectorName[];
  /** The whole match is replaced, or the first group where there is one. Their names stand in what replaces it. */
  readonly patterns: readonly { readonly name: string; readonly pattern: string }[];
  /** Replaces findings by a hash with this key; undefined masks them. */
  readonly hashKey: string | undefined;
}

interface Rule {
  readonly name: string;
  readonly detector: Detector;
}

/** Hex digits of a hash: 64 bits, for which a pair of equal ones is not to be expected below 2^32 values. */
const HASH_DIGITS = 16;

/** Of one rule in one text; the rest of the text goes with the last one. A pattern can look at all of a text for each of its
 *  findings, and that has to end. */
const MAX_FINDINGS = 1_000;

export class Redactor {
  readonly #rules: readonly Rule[];
  readonly #masks: readonly Buffer[];
  readonly #hashKey: string | undefined;
  readonly #findings: (Finding & { rule: number })[] = [];

  constructor({ presets, patterns, hashKey }: RedactorOptions) {
    this.#rules = [
      ...presets.map((name) => ({ name, detector: DETECTORS[name] })),
      ...patterns.map(({ name, pattern }) => ({ name, detector: patternDetector(compileRegex(pattern)) })),
    ];
    this.#masks = this.#rules.map(({ name }) => Buffer.from(`[${name}]`));
    this.#hashKey = hashKey;
  }

  /** For each rule what it cannot do without. */
  get needs(): readonly Pick<Detector, 'anchors' | 'digits'>[] {
    return this.#rules.map(({ detector }) => detector);
  }

  /** Looks for what is to be replaced in the text start..end.
   *  @param skips rules not to try, as bits by their number: their anchors are not in the text
   *  @returns bytes the text will have, or -1 where nothing is to be replaced */
  find(bytes: Uint8Array, start: number, end: number, skips = 0): number {
    const findings = this.#findings;
    findings.length = 0;
    for (let rule = 0; rule < this.#rules.length; rule++) {
      if (((skips >>> rule) & 1) === 1) continue;
      const { detector } = this.#rules[rule]!;
      let at = start;
      let found: Finding & { rule: number } = { start: 0, end: 0, rule };
      for (let count = 1; at < end && detector.find(bytes, at, start, end, found); count++) {
        if (count === MAX_FINDINGS) found.end = end;
        findings.push(found);
        at = found.end;
        found = { start: 0, end: 0, rule };
      }
    }
    if (findings.length === 0) return -1;
    if (findings.length > 1) mergeOverlaps(findings);
    let length = end - start;
    for (const finding of findings) length += this.#replacementBytes(finding.rule) - (finding.end - finding.start);
    return length;
  }

  /** Writes the text of the last `find` with its findings replaced. @returns one past the last byte */
  write(bytes: Uint8Array, start: number, end: number, out: Uint8Array, outStart: number): number {
    let at = start;
    let to = outStart;
    for (const finding of this.#findings) {
      to = copy(bytes, at, finding.start, out, to);
      const replacement = this.#replacement(finding, bytes);
      out.set(replacement, to);
      to += replacement.length;
      at = finding.end;
    }
    return copy(bytes, at, end, out, to);
  }

  /** The same for text that is there as a string. */
  redactText(text: string): string {
    const bytes = Buffer.from(text);
    const length = this.find(bytes, 0, bytes.length);
    if (length === -1) return text;
    const out = Buffer.alloc(length);
    this.write(bytes, 0, bytes.length, out, 0);
    return out.toString();
  }

  #replacementBytes(rule: number): number {
    return this.#masks[rule]!.length + (this.#hashKey === undefined ? 0 : HASH_DIGITS + 1);
  }

  #replacement({ rule, start, end }: Finding & { rule: number }, bytes: Uint8Array): Buffer {
    if (this.#hashKey === undefined) return this.#masks[rule]!;
    const hash = createHmac('sha256', this.#hashKey).update(bytes.subarray(start, end)).digest('hex');
    return Buffer.from(`[${this.#rules[rule]!.name}:${hash.slice(0, HASH_DIGITS)}]`);
  }
}

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  if (from === to) to.copyWithin(at, start, end);
  else to.set(from.subarray(start, end), at);
  return at + end - start;
}

/** Of findings that overlap the first rule's name stays, and it covers them all. */
function mergeOverlaps(findings: (Finding & { rule: number })[]): void {
  findings.sort((a, b) => a.start - b.start || a.rule - b.rule);
  let kept = 0;
  for (let index = 1; index < findings.length; index++) {
    const last = findings[kept]!;
    const finding = findings[index]!;
    if (finding.start < last.end) last.end = Math.max(last.end, finding.end);
    else findings[++kept] = finding;
  }
  findings.length = kept + 1;
}

/** Empty matches are no findings. To `^` and `\b` a text begins anew behind a finding: rather too much is replaced. */
function patternDetector(regex: Regex): Detector {
  const spans = new Int32Array(2 * regex.groupNames.length);
  const group = regex.groupNames.length > 1 ? 2 : 0;
  return {
    anchors: undefined,
    find(bytes, at, _start, end, found) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let from = at; from < end; ) {
        if (!regex.execBytes(buffer, from, end, spans)) return false;
        const isGroup = spans[group] !== -1;
        const start = isGroup ? spans[group]! : spans[0]!;
        const to = isGroup ? spans[group + 1]! : spans[1]!;
        if (to > start && start >= at) {
          found.start = start;
          found.end = to;
          return true;
        }
        from = Math.max(spans[1]!, from + 1);
      }
      return false;
    },
  };
}
