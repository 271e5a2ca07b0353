/** When the application has ended, where nothing tells a sidecar to: in a Job without native sidecars, a container that goes
 *  on keeps the pod from completing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Clock } from '@vigie/core/clock';

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

/** The kernel cuts a process's own name. */
const COMM_LENGTH = 15;

/** Looks at /proc, other than at this process. Cost: two small reads a process. */
function isRunning(program: string): boolean {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    try {
      // Empty for threads of the kernel, and for what has ended and is not reaped yet.
      const [command = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 1);
      if (command === '') continue;
      if (basename(command) === program) return true;
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd() === program.slice(0, COMM_LENGTH)) return true;
    } catch {
      // It has ended meanwhile.
    }
  }
  return false;
}
