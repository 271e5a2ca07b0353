/** `severity`: how severe a record says it is, as OpenTelemetry's number and as `log.level`. */
import { section, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import {
  FLAG_DROPPED,
  FLAG_FRAGMENT,
  FLAG_SEVERITY_MASK,
  FLAG_SEVERITY_SHIFT,
  SEVERITY_MEMBER_BYTES,
  SEVERITY_MEMBERS,
} from '../kernel/layout.ts';
import { severityOfValue } from '../kernel/twin/severity.ts';
import { type Field, fieldOf, MemberField, readField } from './fields/field.ts';
import { textOfValue } from './fields/value.ts';
import { addMembers, type Span } from './members.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

/** By OpenTelemetry's numbers. */
const LEVELS = { trace: 1, debug: 5, info: 9, notice: 10, warn: 13, error: 17, critical: 18, alert: 19, fatal: 21 };

export const severitySchema = section({
  type: v.literal('severity'),
  ...transformEntries,
  /** The field that holds it, alone; without it the usual members and the message's text are searched. */
  field: v.optional(text()),
  /** For records that do not say. */
  default: v.optional(v.picklist(['trace', 'debug', 'info', 'notice', 'warn', 'error', 'critical', 'alert', 'fatal'])),
});

/** Sets the severity flags, and the extra member `log.level` with a name of LEVELS. Counts as kept: `no_room`, where the
 *  flags are set and the member found no room.
 *  Cost: without `field`, the kernel's search; see bench/transforms. */
export class Severity implements Transform {
  readonly type = 'severity';
  readonly #field: Field | undefined;
  readonly #fallback: number;
  readonly #level = new MemberField('log.level');

  constructor({ field, default: fallback }: Pick<v.InferOutput<typeof severitySchema>, 'field' | 'default'>) {
    this.#field = field === undefined ? undefined : fieldOf(field);
    this.#fallback = fallback === undefined ? 0 : LEVELS[fallback];
  }

  apply(batch: Batch, context: TransformContext): void {
    const { kernel, rowCount } = batch;
    const unwritten =
      this.#field === undefined
        ? kernel.findSeverities(0, rowCount, this.#fallback)
        : this.#fromField(batch, this.#field, context);
    if (unwritten === 0) return;
    const noRoom = this.#writeMembers(batch);
    if (noRoom > 0) context.kept('no_room', noRoom);
  }

  /** @returns rows that have no member for it yet */
  #fromField(batch: Batch, field: Field, context: TransformContext): number {
    const { table, rowCount } = batch;
    const facts = () => context.facts;
    let unwritten = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const value = textOfValue(readField(field, batch, row, facts));
      const severity = (value === undefined ? 0 : severityOfValue(value)) || this.#fallback;
      if (severity === 0) continue;
      const kept = flags & ~(FLAG_SEVERITY_MASK << FLAG_SEVERITY_SHIFT);
      table.setFlags(row, kept | (severity << FLAG_SEVERITY_SHIFT));
      unwritten += 1;
    }
    return unwritten;
  }

  /** @returns rows for which there was no room */
  #writeMembers(batch: Batch): number {
    const { table, rowCount, kernel } = batch;
    let noRoom = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      const severity = (flags >> FLAG_SEVERITY_SHIFT) & FLAG_SEVERITY_MASK;
      if (severity === 0 || (flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const member = memberOf(kernel.memory, severity);
      if (table.extraStart(row) === member.start || this.#hasMember(batch, row, member)) continue;
      if (!addMembers(batch, row, member)) noRoom += 1;
    }
    return noRoom;
  }

  #hasMember(batch: Batch, row: number, { start, end }: Span): boolean {
    if (!this.#level.find(batch, row)) return false;
    const { nameStart, valueEnd } = this.#level.member;
    const { memory } = batch.kernel;
    return memory.compare(memory, start, end, nameStart, valueEnd) === 0;
  }
}

/** Its member's bytes in the kernel's state page. */
function memberOf(memory: Buffer, severity: number): Span {
  const at = SEVERITY_MEMBERS + severity * SEVERITY_MEMBER_BYTES;
  return { start: at + 4, end: at + 4 + memory.readUInt32LE(at) };
}
