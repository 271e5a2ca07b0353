import type { Batch } from '../batch/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { logfmtBound, writeLogfmt } from './logfmt.ts';
import { ObjectMembers } from './object-members.ts';

/** Member that takes what collides at the root. */
export const LOGFMT_COLLISIONS = 'logfmt';

/** Text in logfmt whose pairs become members of a record. */
export class LogfmtMembers {
  readonly #members: ObjectMembers;
  readonly #bareKeys: boolean;

  /** @param reserved as of `ObjectMembers`, as is the target; what collides goes under `logfmt` */
  constructor(target: string, reserved: readonly string[], bareKeys: boolean) {
    this.#members = new ObjectMembers(target, reserved, LOGFMT_COLLISIONS);
    this.#bareKeys = bareKeys;
  }

  /** Once for each batch, and after another reader of objects used the kernel. */
  begin(kernel: Kernel): void {
    this.#members.begin(kernel);
  }

  /** @returns why not, if so; the row is then as it was */
  take(batch: Batch, row: number, start: number, end: number): 'not_logfmt' | 'no_room' | undefined {
    const { kernel, arena } = batch;
    const bound = logfmtBound(end - start);
    const at = arena.alloc(bound);
    if (at === -1) return 'no_room';
    const written = writeLogfmt(kernel.memory, start, end, at, this.#bareKeys);
    arena.shrink(at, Math.max(0, written - at));
    if (written === -1) return 'not_logfmt';
    return this.#members.take(batch, row, at, written - at) === undefined ? undefined : 'no_room';
  }
}
