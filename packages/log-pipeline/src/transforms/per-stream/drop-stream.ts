import type { Batch } from '../../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_STDERR } from '../../kernel/layout.ts';
import type { Transform, TransformContext } from '../transform.ts';

export interface DroppedStreams {
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Drops all that a container writes to one of its streams, or to both. */
export class DropStream implements Transform {
  readonly type = 'drop_stream';
  readonly #streams: DroppedStreams;
  readonly #reason: string;

  /** @param reason under which the records are counted */
  constructor(streams: DroppedStreams, reason: string) {
    this.#streams = streams;
    this.#reason = reason;
  }

  apply({ table, rowCount }: Batch, context: TransformContext): void {
    const { stdout, stderr } = this.#streams;
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      if (!((flags & FLAG_STDERR) === 0 ? stdout : stderr)) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      records++;
      rawBytes += table.rawBytes(row);
    }
    if (records > 0) context.dropped(this.#reason, records, rawBytes);
  }
}
