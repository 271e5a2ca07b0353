/** The contract between the agent and a source that reads no files. */
import type { Clock } from '@vigie/core/clock';
import type { Route } from '@vigie/core/http-server/routes';
import type { BufferFs } from '../buffer/fs.ts';
import type { Outlet } from './intake.ts';

export interface PushSource {
  readonly type: string;
  readonly name: string;
  /** What it serves, on a listener of its own. */
  readonly routes?: readonly Route[];
  /** Where its records go from now on; nothing is taken before the first call, and nothing is read. */
  connect(outlets: readonly Outlet[]): void;
  /** @throws {VigieError} a file that it needs cannot be used */
  start(): Promise<void>;
  /** Takes and reads nothing more. Idempotent; what is on its way is the outlets' to deliver first. */
  close(): Promise<void>;
  /** What keeps it from working now, for a person to read. */
  readonly problem: string | undefined;
  /** With `once`: there is nothing more to read. */
  readonly isDone: boolean;
}

export interface PushSourceDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly fs: BufferFs;
  readonly nodeName: string | undefined;
  /** Ends when it has read what there is. */
  readonly once: boolean;
  readonly events: PushSourceEvents;
}

export interface PushSourceEvents {
  /** Records, by what became of them: `accepted`; refused to the sender as `full`, `late`, `ended`, `malformed`; `skipped`
   *  entries that could not be read. Bounded in number: they are metric labels. */
  count(source: string, outcome: string, records: number): void;
  /** Something an operator should read. */
  warn(source: string, message: string, fields: Readonly<Record<string, unknown>>): void;
}
