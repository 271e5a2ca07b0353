/** What the demo's containers have in common: where they run, and how they produce output. */
import type { OutputLine } from './cri-lines.ts';

export interface DemoPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
}

export interface DemoOutput {
  readonly lines: readonly OutputLine[];
  /** Until the next output. */
  readonly pauseMs: number;
}

export interface DemoWorkload {
  readonly place: DemoPlace;
  /** The same random numbers and times give the same output. */
  next(nowMs: number): DemoOutput;
}

/** Choices from uniform numbers in [0, 1). */
export class Chance {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** @returns an integer, both ends included */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  pick<const T extends readonly [unknown, ...unknown[]]>(choices: T): T[number] {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  oneIn(times: number): boolean {
    return this.#random() * times < 1;
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.between(0, 15).toString(16)).join('');
  }

  /** The pause after an event of a process that has `perSecond` of them on average, more and less in turn over
   *  two minutes, so that the demo's rates are seen to move. */
  pauseMs(nowMs: number, perSecond: number): number {
    const wave = 1 + 0.5 * Math.sin((nowMs / 120_000) * 2 * Math.PI);
    const exponential = -Math.log(1 - this.#random());
    return (1000 / (perSecond * wave)) * Math.min(exponential, 5);
  }
}
