/** Where the terminal's picture is made from, and the two ways to show it. */
import type { Clock } from '@vigie/core/clock';
import type { Paint } from '../terminal/style.ts';
import type { WatchedAgent } from './live-tail.ts';

export interface Display {
  start(): void;
  /** Shows where the ledger stands at the end. Also after a start that did not come to it. Idempotent. */
  close(): void;
}

export interface DisplaySource {
  readonly agent: WatchedAgent;
  /** What keeps the agent from being ready. */
  readonly problems: () => readonly string[];
  readonly url: () => string;
  readonly route: string;
}

/** The part of process.stdout that is needed. */
export interface Output {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface DisplayDeps {
  readonly clock: Clock;
  readonly output: Output;
  readonly paint: Paint;
}
