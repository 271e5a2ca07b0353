import type { Batch } from '@vigie/log-pipeline/batch/batch';
import { addMembers } from '@vigie/log-pipeline/transforms/members';
import type { Transform, TransformContext } from '@vigie/log-pipeline/transforms/transform';
import { recordKey } from './pod-logs.ts';

/** Gives a test's records the members that transforms before the one under test would have parsed. */
export class InsertFields implements Transform {
  readonly type = 'insert_fields';
  readonly #fields: ReadonlyMap<string, string>;

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
  }

  apply(batch: Batch, { facts, kept }: TransformContext): void {
    const { table, arena, kernel } = batch;
    for (let row = 0; row < batch.rowCount; row++) {
      const members = this.#fields.get(recordKey(facts.podUid, facts.containerName, table.offset(row)));
      if (members === undefined) continue;
      const bytes = Buffer.byteLength(members);
      const start = arena.alloc(bytes);
      if (start === -1) {
        kept('no_room', 1);
        continue;
      }
      kernel.memory.write(members, start, 'utf8');
      if (!addMembers(batch, row, { start, end: start + bytes })) kept('no_room', 1);
    }
  }
}
