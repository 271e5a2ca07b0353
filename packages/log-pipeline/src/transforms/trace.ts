/** `trace`: trace and span ids from the fields that tracers and loggers write, under ECS's names. */
import { section, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { MemberField } from './fields/field.ts';
import { addMembers } from './members.ts';
import {
  readSpanId,
  readTraceId,
  readTraceparent,
  SPAN_FIELDS,
  TRACE_FIELDS,
  TRACEPARENT_FIELDS,
} from './trace-ids.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

const fieldNames = v.pipe(v.array(text()), v.minLength(1, 'at least one field'));

export const traceSchema = section({
  type: v.literal('trace'),
  ...transformEntries,
  /** Fields that may hold a trace id; the first that a record has counts. */
  trace_fields: v.optional(fieldNames, [...TRACE_FIELDS]),
  span_fields: v.optional(fieldNames, [...SPAN_FIELDS]),
  /** Fields that may hold both, as W3C's header has them. */
  traceparent_fields: v.optional(fieldNames, [...TRACEPARENT_FIELDS]),
});

type TraceConfig = Pick<v.InferOutput<typeof traceSchema>, 'trace_fields' | 'span_fields' | 'traceparent_fields'>;

/** Adds `trace.id` (32 hex digits) and `span.id` (16). Counts as kept: `bad_trace_id` and `bad_span_id` where a field
 *  holds something else, and `no_room`. */
export class Trace implements Transform {
  readonly type = 'trace';
  readonly #traces: readonly MemberField[];
  readonly #spans: readonly MemberField[];
  readonly #parents: readonly MemberField[];

  constructor({ trace_fields: traces, span_fields: spans, traceparent_fields: parents }: TraceConfig) {
    this.#traces = traces.map((path) => new MemberField(path));
    this.#spans = spans.map((path) => new MemberField(path));
    this.#parents = parents.map((path) => new MemberField(path));
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    const kept = { bad_trace_id: 0, bad_span_id: 0, no_room: 0 };
    for (let row = 0; row < rowCount; row++) {
      if (table.extraLength(row) === 0 || (table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const traceText = textOf(batch, row, this.#traces);
      const spanText = textOf(batch, row, this.#spans);
      let trace = traceText === undefined ? undefined : readTraceId(traceText);
      let span = spanText === undefined ? undefined : readSpanId(spanText);
      if (traceText !== undefined && trace === undefined) kept.bad_trace_id += 1;
      if (spanText !== undefined && span === undefined) kept.bad_span_id += 1;
      if (trace === undefined || span === undefined) {
        const parentText = textOf(batch, row, this.#parents);
        const parent = parentText === undefined ? undefined : readTraceparent(parentText);
        if (parentText !== undefined && parent === undefined) kept.bad_trace_id += 1;
        // A span of another trace would be worse than none.
        if (parent !== undefined && (trace === undefined || trace === parent.trace)) {
          trace = parent.trace;
          span ??= parent.span;
        }
      }
      if (!this.#add(batch, row, trace, span)) kept.no_room += 1;
    }
    for (const [reason, records] of Object.entries(kept)) if (records > 0) context.kept(reason, records);
  }

  #add(batch: Batch, row: number, trace: string | undefined, span: string | undefined): boolean {
    const members: string[] = [];
    if (trace !== undefined && !has(batch, row, TRACE_ID, trace)) members.push(`"trace.id":"${trace}"`);
    if (span !== undefined && !has(batch, row, SPAN_ID, span)) members.push(`"span.id":"${span}"`);
    if (members.length === 0) return true;
    const { arena, kernel } = batch;
    const written = members.join(',');
    const at = arena.alloc(written.length);
    if (at === -1) return false;
    kernel.memory.write(written, at, 'latin1');
    return addMembers(batch, row, { start: at, end: at + written.length });
  }
}

const TRACE_ID = new MemberField('trace.id');
const SPAN_ID = new MemberField('span.id');

function has(batch: Batch, row: number, field: MemberField, value: string): boolean {
  return field.value(batch, row) === value;
}

/** Longer texts are no ids. */
const MAX_TEXT = 256;

/** As written: a number keeps digits that a double would not. */
function textOf(batch: Batch, row: number, fields: readonly MemberField[]): string | undefined {
  for (const field of fields) {
    if (!field.find(batch, row)) continue;
    const { valueStart, valueEnd } = field.member;
    const written = batch.kernel.memory.toString('latin1', valueStart, Math.min(valueEnd, valueStart + MAX_TEXT));
    const text = written.replace(/^"(.*)"$/, '$1');
    // Loggers write empty ids, and zero or null, where there is no trace.
    if (text !== '' && text !== 'null' && !/^0+$/.test(text)) return text;
  }
  return undefined;
}
