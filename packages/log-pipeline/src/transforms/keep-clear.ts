/** Parsers keep clear of the names that an ECS document has of its own. Documents of another format have others: what would
 *  stand there twice goes into one object instead, because a server refuses a document that has a name twice. */
import { bug } from '@vigie/core/errors';
import type { Batch } from '../batch/batch.ts';
import { readJsonObject } from '../kernel/json-reader.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { namesCollide } from '../kernel/name-paths.ts';
import { rewriteMembers, rewrittenBound } from './json-rewrite.ts';
import type { Transform, TransformContext } from './transform.ts';

/** Stands last before a sink whose documents have these paths. */
export class KeepClear implements Transform {
  readonly type = 'keep_clear';
  readonly #paths: readonly string[];
  readonly #wrapper: Buffer;

  /** @param paths of the document itself @param into the member that takes what collides */
  constructor(paths: readonly string[], into: string) {
    this.#paths = [...paths, into];
    this.#wrapper = Buffer.from(`${JSON.stringify(into)}:{`);
  }

  /** Cost: a look at each row, and for one that has members a copy and a scan of them. */
  apply(batch: Batch, context: TransformContext): void {
    const { kernel, table, rowCount } = batch;
    const kept = { no_room: 0, too_deep: 0 };
    let isReserved = false;
    for (let row = 0; row < rowCount; row++) {
      if (table.extraLength(row) === 0 || (table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      if (!isReserved) kernel.reserveNames(this.#paths);
      isReserved = true;
      const reason = this.#clear(batch, row);
      if (reason !== undefined) kept[reason]++;
    }
    for (const reason of ['no_room', 'too_deep'] as const) if (kept[reason] > 0) context.kept(reason, kept[reason]);
  }

  /** @returns why the row stays as it is, if something is in the way */
  #clear({ kernel, arena, table }: Batch, row: number): 'no_room' | 'too_deep' | undefined {
    const { memory } = kernel;
    const start = table.extraStart(row);
    const bytes = table.extraLength(row) + 2;
    const at = arena.alloc(bytes);
    if (at === -1) return 'no_room';
    memory[at] = OPEN_BRACE;
    memory.copyWithin(at + 1, start, start + bytes - 2);
    memory[at + bytes - 1] = CLOSE_BRACE;
    const scan = kernel.scanObject(at, bytes);
    if (scan.verdict === 'object' && scan.collisions === 0 && !scan.needsRewrite) {
      arena.shrink(at, 0);
      return undefined;
    }
    if (scan.verdict === 'too_deep') return 'too_deep';
    const reading = readJsonObject(memory, at, at + bytes);
    if (reading.status !== 'object') throw bug(`scan and reader disagree: ${reading.status}`);
    const out = arena.alloc(rewrittenBound(bytes, this.#wrapper.length + 1));
    if (out === -1) return 'no_room';
    const collides = (name: string): boolean => this.#paths.some((path) => namesCollide(path, name));
    const end = rewriteMembers(memory, out, reading.object, collides, this.#wrapper);
    arena.shrink(out, end - out);
    table.setExtra(row, out, end - out);
    return undefined;
  }
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
