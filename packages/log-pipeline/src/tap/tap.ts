import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_STDERR } from '../kernel/layout.ts';
import type { ContainerFacts } from '../transforms/transform.ts';

/** A record as a person looks at it. */
export interface TappedRecord {
  /** As written, RFC 3339. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly container: string | undefined;
  readonly path: string | undefined;
  /** Decoded, invalid UTF-8 replaced, cut at MESSAGE_BYTES. */
  readonly message: string;
  /** What else it has, as JSON members without braces around them; empty for none, undefined for more than fit here. */
  readonly members: string | undefined;
}

/** What fits on a few terminal lines. */
const MESSAGE_BYTES = 4096;
/** Cut members are no JSON: more are left out as a whole. */
const MEMBER_BYTES = 64 * 1024;

/** A sample of what passes, at most `recordsPerSecond`: watching must not slow what is watched. */
export class Tap {
  readonly #listener: (record: TappedRecord) => void;
  readonly #recordsPerSecond: number;
  readonly #monotonicMs: () => number;
  #windowStartMs = 0;
  #taken = 0;

  constructor(listener: (record: TappedRecord) => void, recordsPerSecond: number, monotonicMs: () => number) {
    this.#listener = listener;
    this.#recordsPerSecond = recordsPerSecond;
    this.#monotonicMs = monotonicMs;
  }

  readonly observe = (batch: Batch, first: number, end: number, facts: ContainerFacts): void => {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs;
      this.#taken = 0;
    }
    for (let row = first; row < end && this.#taken < this.#recordsPerSecond; row++) {
      if ((batch.table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      this.#taken++;
      this.#listener(decodeRow(batch, row, facts));
    }
  };
}

function decodeRow({ table, kernel }: Batch, row: number, facts: ContainerFacts): TappedRecord {
  const time = table.timeStart(row);
  const message = table.messageStart(row);
  const members = table.extraStart(row);
  const memberBytes = table.extraLength(row);
  return {
    time: kernel.memory.toString('latin1', time, time + table.timeLength(row)),
    stream: (table.flags(row) & FLAG_STDERR) !== 0 ? 'stderr' : 'stdout',
    namespace: facts.namespace,
    pod: facts.podName,
    container: facts.containerName,
    path: facts.path,
    message: kernel.memory.toString('utf8', message, message + Math.min(MESSAGE_BYTES, table.messageLength(row))),
    members: memberBytes > MEMBER_BYTES ? undefined : kernel.memory.toString('utf8', members, members + memberBytes),
  };
}
