/** Matches the lines that the sidecar emitted to what was written, and objects as they come. */
import { decodeCheckpoint } from '../../../packages/log-pipeline/src/checkpoint/format.ts';
import { headOf } from '../../../packages/log-pipeline/src/tail/head.ts';
import type { Generation, LogModel, Piece } from '../model.ts';

/** How a run ended: `clean` ones have everything that they emitted in their checkpoint. */
export type RunEnd = 'clean' | 'killed';

interface Known {
  readonly piece: Piece;
  readonly model: LogModel;
  /** Place among the lines of the file's log, in the order of writing. */
  readonly order: number;
  /** Number of the first run that emitted all of it. */
  firstRun: number | undefined;
  /** Its beginning was emitted, as a last line without a newline. */
  begun: boolean;
}

interface Candidate {
  readonly known: Known;
  readonly part: 'whole' | 'begin' | 'end';
}

const CAUGHT_BYTES = 100;

export class LineArrivals {
  readonly violations: string[] = [];
  lines = 0;
  repeated = 0;
  readonly #maxLineBytes: number;
  readonly #models: () => Iterable<LogModel>;
  readonly #known = new Map<Piece, Known>();
  readonly #byText = new Map<string, Candidate[]>();
  readonly #counts = new Map<LogModel, number>();
  readonly #lastOrder = new Map<LogModel, number>();
  /** Lines that no run may emit again. */
  readonly #settled = new Set<Known>();
  #run = 0;

  constructor(maxLineBytes: number, models: () => Iterable<LogModel>) {
    this.#maxLineBytes = maxLineBytes;
    this.#models = models;
  }

  /** Another run: in each of them every log's lines come in their order. */
  begin(): void {
    this.#run++;
    this.#lastOrder.clear();
  }

  /** @param checkpoint as the run left it; undefined where there is none, or it cannot be trusted */
  end(how: RunEnd, checkpoint: Buffer | undefined): void {
    this.learn();
    if (how === 'clean') {
      for (const known of this.#known.values()) if (known.firstRun !== undefined) this.#settled.add(known);
      return;
    }
    const decoded = checkpoint === undefined ? undefined : decodeCheckpoint(checkpoint);
    if (decoded?.status !== 'ok') return;
    const generations = this.#generationsByHead();
    for (const { head, offset } of decoded.entries) {
      const generation = head === undefined ? undefined : generations.get(`${head.length} ${head.hash}`);
      if (generation === undefined) continue;
      for (const known of this.#known.values()) {
        const { piece } = known;
        if (piece.generation === generation && piece.offset + piece.line.bytes.length <= offset) this.#settle(known);
      }
    }
  }

  /** Nothing that was emitted is remembered. */
  forgetSettled(): void {
    this.#settled.clear();
  }

  /** A line stands without its end where a run may end it with a newline: what comes later of it is a line too. */
  mayBeTorn(model: LogModel): void {
    const { torn } = model;
    if (torn === undefined) return;
    this.learn();
    const known = this.#known.get(torn);
    if (known === undefined) return;
    const { bytes } = torn.line;
    this.#offer(textOf(bytes.subarray(0, torn.written)), known, 'begin');
    this.#offer(textOf(withoutNewline(bytes.subarray(torn.written))), known, 'end');
  }

  /** Takes what was written since. */
  learn(): void {
    for (const model of this.#models()) {
      const pieces = model.records.flatMap((record) => record.pieces).filter((piece) => !this.#known.has(piece));
      const place = (piece: Piece): number => model.generations.indexOf(piece.generation);
      pieces.sort((a, b) => place(a) - place(b) || a.offset - b.offset);
      for (const piece of pieces) {
        const order = this.#counts.get(model) ?? 0;
        this.#counts.set(model, order + 1);
        const known: Known = { piece, model, order, firstRun: undefined, begun: false };
        this.#known.set(piece, known);
        this.#offer(textOf(withoutNewline(piece.line.bytes)), known, 'whole');
      }
    }
  }

  take(line: Buffer): void {
    this.lines++;
    const text = line.toString('latin1');
    if (!this.#byText.has(text)) this.learn();
    const candidates = this.#byText.get(text) ?? [];
    const next = this.#likeliest(candidates);
    const [any] = candidates;
    if (any === undefined) {
      this.#object('unknown', describe(line));
      return;
    }
    if (next === undefined) {
      this.#object('order', `${describeKnown(any.known)} in run ${this.#run} after line ${this.#last(any.known)}`);
      return;
    }
    const { known, part } = next;
    this.#lastOrder.set(known.model, known.order);
    if (part === 'begin') {
      // Its end comes, if it is ever written, as a line of its own.
      known.begun = true;
      return;
    }
    if (known.firstRun !== undefined) this.repeated++;
    if (this.#settled.has(known) && !this.#isCut(known))
      this.#object('doubled', `${describeKnown(known)} in run ${this.#run}, first in ${known.firstRun}`);
    known.firstRun ??= this.#run;
  }

  has(piece: Piece): boolean {
    const known = this.#known.get(piece);
    if (known === undefined) return false;
    // Of one that nothing ends any more there is no more than that.
    return known.firstRun !== undefined || (known.begun && piece.written < piece.line.bytes.length);
  }

  /** Of those that are there, with their newlines or, if `torn`, without. */
  missing(models: Iterable<LogModel>, torn: boolean): Known[] {
    this.learn();
    const wanted = new Set(models);
    return [...this.#known.values()].filter(
      ({ piece, model }) =>
        wanted.has(model) &&
        !piece.generation.destroyed &&
        (torn || piece.written === piece.line.bytes.length) &&
        piece.written > 0 &&
        !this.has(piece),
    );
  }

  describeMissing(missing: readonly Known[]): string {
    return `${missing.length} lines missing${missing
      .slice(0, 5)
      .map((known) => `\n  ${describeKnown(known)}`)
      .join('')}`;
  }

  /** Of lines that read the same: of each log the next one, and of the logs one that still waits for it. */
  #likeliest(candidates: readonly Candidate[]): Candidate | undefined {
    const byLog = new Map<LogModel, Candidate>();
    for (const candidate of candidates) {
      const { known, part } = candidate;
      const last = this.#last(known);
      if (known.order < last || (known.order === last && part !== 'end' && !this.#isCut(known))) continue;
      if (known.order < (byLog.get(known.model)?.known.order ?? Number.POSITIVE_INFINITY))
        byLog.set(known.model, candidate);
    }
    const unlikeliness = ({ known }: Candidate): number =>
      Number(known.firstRun !== undefined) + 2 * Number(this.#settled.has(known));
    return [...byLog.values()].sort((a, b) => unlikeliness(a) - unlikeliness(b))[0];
  }

  /** A line of which only the beginning is emitted counts as taken when its end has been read: who begins anew before that
   *  emits the beginning again (docs/reference/sidecar.md, Delivery). */
  #isCut({ piece }: Known): boolean {
    return piece.line.bytes.length - 1 > this.#maxLineBytes;
  }

  #last({ model }: Known): number {
    return this.#lastOrder.get(model) ?? -1;
  }

  #settle(known: Known): void {
    // One that is in the checkpoint and has not come is lost, which `missing` shows.
    if (known.firstRun !== undefined) this.#settled.add(known);
  }

  #offer(text: string, known: Known, part: Candidate['part']): void {
    const cut = text.slice(0, this.#maxLineBytes);
    const list = this.#byText.get(cut);
    if (list === undefined) this.#byText.set(cut, [{ known, part }]);
    else if (!list.some((one) => one.known === known && one.part === part)) list.push({ known, part });
  }

  /** Those that share their first line with another are left out. */
  #generationsByHead(): Map<string, Generation | undefined> {
    const first = new Map<Generation, Piece>();
    for (const { piece } of this.#known.values()) if (piece.offset === 0) first.set(piece.generation, piece);
    const byHead = new Map<string, Generation | undefined>();
    for (const [generation, piece] of first) {
      const head = headOf(piece.line.bytes);
      if (head === undefined) continue;
      const key = `${head.length} ${head.hash}`;
      byHead.set(key, byHead.has(key) ? undefined : generation);
    }
    return byHead;
  }

  #object(kind: string, what: string): void {
    this.violations.push(`${kind}: ${what}`);
  }
}

function withoutNewline(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function describe(line: Uint8Array): string {
  return `${line.length} bytes ${JSON.stringify(textOf(line).slice(0, CAUGHT_BYTES))}`;
}

function describeKnown({ piece, model, order }: Known): string {
  const generation = model.generations.indexOf(piece.generation);
  return `line ${order} of ${model.key} (generation ${generation}, offset ${piece.offset}, ${piece.written} of ${describe(piece.line.bytes)})`;
}
