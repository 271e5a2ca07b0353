/** When the application has ended, where nothing tells a sidecar to: in a Job without native sidecars, a container that goes
 *  on keeps the pod from completing. */
import { existsSync } from 'node:fs';
import type { Clock } from '@vigie/core/clock';
import { isRunning } from './processes.ts';

export interface EndSigns {
  /** A file that the application's container makes at its end. */
  readonly until: string | undefined;
  /** A program's name; its processes are seen where the containers of the pod share their process namespace. */
  readonly untilExit: string | undefined;
}

/** What is known of the machine. */
export interface EndFacts {
  exists(path: string): boolean;
  /** Whether a process of that program runs. */
  runs(program: string): boolean;
}

const LOOK_INTERVAL_MS = 1_000;

export class EndWatch {
  readonly #signs: EndSigns;
  readonly #clock: Clock;
  readonly #facts: EndFacts;
  #timer: { cancel(): void } | undefined;
  #seen = false;
  /** Missed once: a program that replaces itself is looked for again. */
  #missed = false;

  constructor(signs: EndSigns, clock: Clock, facts: EndFacts = MACHINE) {
    this.#signs = signs;
    this.#clock = clock;
    this.#facts = facts;
  }

  /** @param ended called once, with what has shown it */
  start(ended: (sign: 'until' | 'until_exit') => void): void {
    if (this.#signs.until === undefined && this.#signs.untilExit === undefined) return;
    const look = (): void => {
      const sign = this.#look();
      if (sign === undefined) this.#timer = this.#clock.setTimer(LOOK_INTERVAL_MS, look);
      else ended(sign);
    };
    look();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #look(): 'until' | 'until_exit' | undefined {
    const { until, untilExit } = this.#signs;
    if (until !== undefined && this.#facts.exists(until)) return 'until';
    if (untilExit === undefined) return undefined;
    if (this.#facts.runs(untilExit)) {
      this.#seen = true;
      this.#missed = false;
      return undefined;
    }
    if (this.#seen && this.#missed) return 'until_exit';
    this.#missed = this.#seen;
    return undefined;
  }
}

const MACHINE: EndFacts = { exists: existsSync, runs: isRunning };
