/** A sink that answers as told, and sees to it that deliveries keep their promises. */
import { inflateSync } from 'node:zlib';
import { bug } from '@vigie/core/errors';
import type { DeadLetter, DeadLetters } from '../../src/delivery/dead-letter.ts';
import type { AppendOutcome } from '../../src/sinks/rotating-file.ts';
import type { SendOutcome, Sink } from '../../src/sinks/sink.ts';

/** What to answer, given the numbers of the records that came. Left out: accepted. */
export type Answer = (numbers: readonly number[], body: Uint8Array) => SendOutcome | Promise<SendOutcome>;

export class ScriptedSink implements Sink {
  readonly type = 'scripted';
  readonly name = 'es';
  readonly linesPerRecord: 1 | 2;
  readonly perUtcDay = false;
  readonly takesDeflate: boolean;
  /** Bodies that came as zlib streams. */
  deflated = 0;
  /** The numbers of the records of each body, in order. */
  readonly bodies: number[][] = [];
  readonly accepted: number[] = [];
  readonly #answers: Answer[];

  constructor(linesPerRecord: 1 | 2, answers: readonly Answer[], takesDeflate = false) {
    this.takesDeflate = takesDeflate;
    this.linesPerRecord = linesPerRecord;
    this.#answers = [...answers];
  }

  shape(): never {
    throw bug('deliveries build no shapes');
  }

  async start(): Promise<void> {
    // Nothing to read.
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  async send(sent: Uint8Array, records: number, signal: AbortSignal, deflated = false): Promise<SendOutcome> {
    signal.throwIfAborted();
    if (deflated) this.deflated++;
    const body = deflated ? inflateSync(sent) : sent;
    const numbers = recordNumbers(body, this.linesPerRecord);
    if (numbers.length !== records) throw bug(`${records} records announced, ${numbers.length} came`);
    for (const n of numbers)
      if (this.accepted.includes(n)) throw bug(`record ${n} is sent again after it was accepted`);
    this.bodies.push(numbers);
    const answer = this.#answers.shift();
    const outcome = (await answer?.(numbers, body)) ?? { status: 'accepted' };
    this.accepted.push(...acceptedBy(numbers, outcome));
    return outcome;
  }
}

/** A body of records `{"n":0}` to `{"n":N-1}`. */
export function bodyOf(records: number, linesPerRecord: 1 | 2): Uint8Array {
  const lines = Array.from({ length: records }, (_, n) => recordText(n, linesPerRecord));
  return Buffer.from(lines.join(''));
}

export function recordText(n: number, linesPerRecord: 1 | 2): string {
  return `${linesPerRecord === 2 ? '{"create":{}}\n' : ''}{"n":${n}}\n`;
}

function recordNumbers(body: Uint8Array, linesPerRecord: 1 | 2): number[] {
  const text = Buffer.from(body).toString();
  if (text !== '' && !text.endsWith('\n')) throw bug('a body that is cut inside a line');
  const numbers = Array.from(text.matchAll(/\{"n":(\d+)\}\n/g), ([, n]) => Number(n));
  if (text !== numbers.map((n) => recordText(n, linesPerRecord)).join('')) throw bug('a body of other bytes');
  return numbers;
}

function acceptedBy(numbers: readonly number[], outcome: SendOutcome): number[] {
  if (outcome.status === 'accepted') return [...numbers];
  if (outcome.status !== 'items') return [];
  const rejected = outcome.rejected.map(({ index }) => index);
  return numbers.filter((_, index) => !outcome.retry.includes(index) && !rejected.includes(index));
}

/** Dead letters in memory; the writes named by their number fail. */
export class MemoryDeadLetters implements DeadLetters {
  readonly reason = 'dead_letter';
  readonly letters: DeadLetter[] = [];
  readonly #failures: Set<number>;
  #writes = 0;

  constructor(failures: readonly number[] = []) {
    this.#failures = new Set(failures);
  }

  async write(letters: readonly DeadLetter[]): Promise<AppendOutcome> {
    if (this.#failures.has(this.#writes++)) return { status: 'failed', code: 'ENOSPC', detail: 'no space left' };
    this.letters.push(...letters);
    return { status: 'ok' };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}
