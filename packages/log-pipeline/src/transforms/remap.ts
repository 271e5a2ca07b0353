/** `remap`: copies, renames, removes and adds fields. */
import { section, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { jsonText } from '../encode/json-text.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../kernel/layout.ts';
import { namesCollide } from '../kernel/name-paths.ts';
import { cutMembers } from './fields/cut-members.ts';
import { type Field, fieldOf, MemberField, readField } from './fields/field.ts';
import { RecordTemplate, templateSchema } from './fields/template.ts';
import { type FieldValue, textOfValue } from './fields/value.ts';
import type { Span } from './members.ts';
import type { ContainerFacts, Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

const OWN = `a name that records do not have of their own (${DOCUMENT_PATHS.join(', ')})`;

function isAdded(path: string): boolean {
  return path !== '' && !DOCUMENT_PATHS.some((own) => namesCollide(own, path));
}

function isAddedOrMessage(path: string): boolean {
  return path === 'message' || isAdded(path);
}

const added = v.pipe(text(), v.check(isAdded, OWN));
const addedOrMessage = v.pipe(text(), v.check(isAddedOrMessage, `message, or ${OWN}`));

export const remapSchema = section({
  type: v.literal('remap'),
  ...transformEntries,
  /** From any field to another. */
  copy: v.optional(v.record(text(), addedOrMessage), {}),
  /** From one name to another. */
  rename: v.optional(v.record(addedOrMessage, addedOrMessage), {}),
  remove: v.optional(v.array(addedOrMessage), []),
  /** Values by name; text may hold fields: `{{ kubernetes.namespace }}`. */
  add: v.optional(v.record(added, v.union([templateSchema, v.number(), v.boolean()])), {}),
});

type RemapConfig = Pick<v.InferOutput<typeof remapSchema>, 'copy' | 'rename' | 'remove' | 'add'>;

interface Move {
  readonly from: Field;
  readonly to: string;
  /** The member that it replaces. */
  readonly replaced: MemberField;
}

interface Addition {
  readonly name: string;
  readonly replaced: MemberField;
  /** As JSON, or undefined where the record lacks a field of the template. */
  value(batch: Batch, row: number, facts: () => ContainerFacts): string | undefined;
}

/** Every field is read as it was when the record came. Counts as kept: `no_room`. */
export class Remap implements Transform {
  readonly type = 'remap';
  readonly #moves: readonly Move[];
  /** What goes: removed, or renamed. */
  readonly #gone: readonly MemberField[];
  readonly #hidesMessage: boolean;
  readonly #additions: readonly Addition[];
  readonly #templates: readonly RecordTemplate[];

  constructor({ copy, rename, remove, add }: RemapConfig) {
    const moves = [...Object.entries(copy), ...Object.entries(rename)];
    this.#moves = moves.map(([from, to]) => ({ from: fieldOf(from), to, replaced: new MemberField(to) }));
    const gone = [...Object.keys(rename), ...remove];
    this.#gone = gone.filter((path) => path !== 'message').map((path) => new MemberField(path));
    this.#hidesMessage = gone.includes('message');
    const templates: RecordTemplate[] = [];
    this.#additions = Object.entries(add).map(([name, given]) => {
      const replaced = new MemberField(name);
      if (typeof given !== 'string') return { name, replaced, value: () => String(given) };
      const template = new RecordTemplate(given);
      templates.push(template);
      const value: Addition['value'] = (batch, row, facts) => {
        const rendered = template.render(batch, row, facts);
        return rendered === undefined ? undefined : jsonText(rendered);
      };
      return { name, replaced, value };
    });
    this.#templates = templates;
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    const facts = () => context.facts;
    for (const template of this.#templates) template.begin(batch, context);
    let noRoom = 0;
    for (let row = 0; row < rowCount; row++) {
      if ((table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      if (!this.#edit(batch, row, facts)) noRoom += 1;
    }
    if (noRoom > 0) context.kept('no_room', noRoom);
  }

  /** @returns whether there was room; if not, the row is as it was */
  #edit(batch: Batch, row: number, facts: () => ContainerFacts): boolean {
    const values = new Map<string, string>();
    const cuts: Span[] = [];
    let message: string | undefined;
    const cut = (field: MemberField): void => {
      if (field.find(batch, row)) cuts.push({ start: field.member.nameStart, end: field.member.valueEnd });
    };
    const put = (name: string, replaced: MemberField, value: string): void => {
      cut(replaced);
      values.set(name, value);
    };
    for (const { from, to, replaced } of this.#moves) {
      const value = readField(from, batch, row, facts);
      if (value === undefined) continue;
      if (to === 'message') message = textOfValue(value);
      else put(to, replaced, jsonOf(batch, from, value));
    }
    for (const { name, replaced, value } of this.#additions) {
      const written = value(batch, row, facts);
      if (written !== undefined) put(name, replaced, written);
    }
    for (const field of this.#gone) cut(field);
    const members = cuts.length === 0 && values.size === 0 ? UNCHANGED : build(batch, row, cuts, values);
    const messageAt = message === undefined ? UNCHANGED : write(batch, message);
    if (members === undefined || messageAt === undefined) return false;
    const { table } = batch;
    if (members !== UNCHANGED) table.setExtra(row, members.start, members.end - members.start);
    if (messageAt !== UNCHANGED) {
      table.setMessage(row, messageAt.start, messageAt.end - messageAt.start);
      table.setFlags(row, table.flags(row) & ~FLAG_HIDE_MESSAGE);
    } else if (this.#hidesMessage) {
      table.setFlags(row, table.flags(row) | FLAG_HIDE_MESSAGE);
    }
    return true;
  }
}

const UNCHANGED: Span = { start: -1, end: -1 };

/** A member just found is copied as it stands, so that numbers keep their digits. */
function jsonOf(batch: Batch, field: Field, value: FieldValue): string {
  if (field instanceof MemberField) {
    return batch.kernel.memory.toString('utf8', field.member.valueStart, field.member.valueEnd);
  }
  return typeof value === 'string' ? jsonText(value) : JSON.stringify(value);
}

function build(
  { table, kernel, arena }: Batch,
  row: number,
  cuts: readonly Span[],
  values: ReadonlyMap<string, string>,
): Span | undefined {
  const { memory } = kernel;
  const start = table.extraStart(row);
  const length = table.extraLength(row);
  const added = Array.from(values, ([name, value]) => `${jsonText(name)}:${value}`).join(',');
  const addedBytes = Buffer.byteLength(added);
  const at = arena.alloc(length + 1 + addedBytes);
  if (at === -1) return undefined;
  let out = cutMembers(memory, { start, end: start + length }, cuts, at);
  if (out > at && addedBytes > 0) {
    memory.write(',', out, 'latin1');
    out += 1;
  }
  out += memory.write(added, out, 'utf8');
  arena.shrink(at, out - at);
  return { start: at, end: out };
}

function write({ kernel, arena }: Batch, text: string): Span | undefined {
  const bytes = Buffer.byteLength(text);
  const at = arena.alloc(bytes);
  if (at === -1) return undefined;
  kernel.memory.write(text, at, 'utf8');
  return { start: at, end: at + bytes };
}
