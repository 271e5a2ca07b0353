import type { Kernel } from '../../src/kernel/kernel.ts';
import { FLAG_DROPPED, FLAG_HIDE_MESSAGE } from '../../src/kernel/layout.ts';
import type { Transform } from '../../src/transforms/transform.ts';
import { batchOf, Counts, extraOf } from './harness.ts';

/** What a transform made of messages: per record its members, and its message where it still has one. */
export function parsedBy(
  transform: Transform,
  kernel: Kernel,
  messages: readonly (string | Uint8Array)[],
  extras: readonly string[] = [],
) {
  const batch = batchOf(kernel, messages);
  for (const [row, extra] of extras.entries()) {
    const at = batch.arena.alloc(Buffer.byteLength(extra));
    kernel.memory.write(extra, at);
    batch.table.setExtra(row, at, Buffer.byteLength(extra));
  }
  const counts = new Counts();
  transform.apply(batch, counts.context);
  const records = messages.map((_, row) => {
    const flags = batch.table.flags(row);
    if ((flags & FLAG_DROPPED) !== 0) return 'dropped';
    const members: Record<string, unknown> = JSON.parse(`{${extraOf(batch, row)}}`);
    if ((flags & FLAG_HIDE_MESSAGE) !== 0) return members;
    const start = batch.table.messageStart(row);
    return { message: kernel.memory.toString('utf8', start, start + batch.table.messageLength(row)), ...members };
  });
  return { records, kept: counts.kept, dropped: counts.dropped };
}
