/** One field of a record, by its path, decoded for the records that are asked for it and for no other. */
import type { Batch } from '../../batch/batch.ts';
import { FLAG_HIDE_MESSAGE, FLAG_STDERR } from '../../kernel/layout.ts';
import type { ContainerFacts } from '../transform.ts';
import { containerField, isContainerField } from './container-fields.ts';
import { hasEscapes, QUOTE } from './json-bytes.ts';
import { MemberPath } from './member-path.ts';
import { decodeValue, type FieldValue } from './value.ts';

/** A place for the text that `RecordField.text` finds; bytes of the kernel's memory. */
export interface TextSpan {
  start: number;
  end: number;
}

/** The same for every record of a batch. */
export interface ContainerField {
  readonly scope: 'container';
  readonly path: string;
  value(facts: ContainerFacts): FieldValue;
}

/** One of two. */
export interface StreamField {
  readonly scope: 'stream';
  readonly path: 'stream';
}

export interface RecordField {
  readonly scope: 'record';
  readonly path: string;
  value(batch: Batch, row: number): FieldValue;
  /** Finds text that stands in memory just as it is, so that it need not be decoded.
   *  @returns whether it does; if not, `value` still may have one */
  text(batch: Batch, row: number, span: TextSpan): boolean;
}

export type Field = ContainerField | StreamField | RecordField;

/** @param path `message`, `stream`, `@timestamp`, `log.offset`; what is known of the container (`kubernetes.namespace`,
 *  `log.file.path`); or of what transforms added, in objects or under a name with dots
 *  @returns for one reader: it is not to be shared */
export function fieldOf(path: string): Field {
  if (path === 'stream') return { scope: 'stream', path };
  if (path === 'message') return new MessageField();
  if (path === '@timestamp') return TIMESTAMP;
  if (path === 'log.offset') return OFFSET;
  if (isContainerField(path)) return { scope: 'container', path, value: (facts) => containerField(path, facts) };
  return new MemberField(path);
}

export function readField(field: Field, batch: Batch, row: number, facts: () => ContainerFacts): FieldValue {
  switch (field.scope) {
    case 'container':
      return field.value(facts());
    case 'stream':
      return (batch.table.flags(row) & FLAG_STDERR) === 0 ? 'stdout' : 'stderr';
    case 'record':
      return field.value(batch, row);
  }
}

const TIMESTAMP: RecordField = {
  path: '@timestamp',
  scope: 'record',
  value({ table, kernel }, row) {
    const start = table.timeStart(row);
    return kernel.memory.toString('latin1', start, start + table.timeLength(row));
  },
  text({ table }, row, span) {
    span.start = table.timeStart(row);
    span.end = span.start + table.timeLength(row);
    return true;
  },
};

const OFFSET: RecordField = {
  path: 'log.offset',
  scope: 'record',
  value: ({ table }, row) => table.offset(row),
  text: () => false,
};

/** What transforms added. */
export class MemberField implements RecordField {
  readonly path: string;
  readonly scope = 'record';
  readonly member: MemberPath;

  constructor(path: string) {
    this.path = path;
    this.member = new MemberPath(path);
  }

  /** Lets `member` point at it. */
  find({ table, kernel }: Batch, row: number): boolean {
    const bytes = table.extraLength(row);
    if (bytes === 0) return false;
    const start = table.extraStart(row);
    return this.member.find(kernel.memory, start, start + bytes);
  }

  value(batch: Batch, row: number): FieldValue {
    if (!this.find(batch, row)) return undefined;
    return decodeValue(batch.kernel.memory, this.member.valueStart, this.member.valueEnd);
  }

  text(batch: Batch, row: number, span: TextSpan): boolean {
    if (!this.find(batch, row)) return false;
    const { memory } = batch.kernel;
    const start = this.member.valueStart;
    if (memory[start] !== QUOTE) return false;
    span.start = start + 1;
    span.end = this.member.valueEnd - 1;
    return !hasEscapes(memory, span.start, span.end);
  }
}

/** The message, or where a transform put its members in the message's place, a member of that name. */
class MessageField implements RecordField {
  readonly path = 'message';
  readonly scope = 'record';
  readonly #member = new MemberField('message');

  value(batch: Batch, row: number): FieldValue {
    const { table, kernel } = batch;
    if ((table.flags(row) & FLAG_HIDE_MESSAGE) !== 0) return this.#member.value(batch, row);
    const start = table.messageStart(row);
    return kernel.memory.toString('utf8', start, start + table.messageLength(row));
  }

  text(batch: Batch, row: number, span: TextSpan): boolean {
    const { table } = batch;
    if ((table.flags(row) & FLAG_HIDE_MESSAGE) !== 0) return this.#member.text(batch, row, span);
    span.start = table.messageStart(row);
    span.end = span.start + table.messageLength(row);
    return true;
  }
}
