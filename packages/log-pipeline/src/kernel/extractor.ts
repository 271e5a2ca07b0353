/** A regular expression's tables and the members its groups become, as bytes for the kernel's memory. */
import type { Automaton } from '@vigie/core/regex/automaton';
import * as layout from './layout.ts';

/** How a group's text becomes a member's value. */
export type ValueForm =
  | { readonly kind: 'text' | 'number' }
  /** One letter, and the JSON value each stands for; another text stays text. */
  | { readonly kind: 'letter'; readonly values: Readonly<Record<string, string>> }
  /** A syslog priority, 0 to 191, and the whole members each stands for; what is none is left out. */
  | { readonly kind: 'priority'; readonly members: (priority: number) => string };

export interface ExtractedMember {
  /** Not of a priority, which is members already. */
  readonly name: string;
  readonly group: number;
  readonly form: ValueForm;
  /** It is left out where the text is `-`, which is how access logs write nothing. */
  readonly omitsDash: boolean;
}

const FORMS = {
  text: layout.FORM_TEXT,
  number: layout.FORM_NUMBER,
  letter: layout.FORM_LETTER,
  priority: layout.FORM_PRIORITY,
} as const;

/** @param automaton undefined where the caller matches by itself and only has its groups written
 *  @param base where in the kernel's memory the bytes will stand, a multiple of 4 */
export function extractorBytes(
  automaton: Automaton | undefined,
  members: readonly ExtractedMember[],
  base: number,
): Buffer {
  const writer = new Writer(base);
  const header = writer.reserve(layout.EXTRACTOR_HEADER_BYTES);
  const table = writer.reserve(members.length * layout.MEMBER_BYTES);
  const set = (word: number, value: number) => writer.setWord(header + word, value);
  set(layout.EXTRACTOR_MEMBERS, base + table);
  set(layout.EXTRACTOR_MEMBER_COUNT, members.length);
  for (const [index, member] of members.entries()) writeMember(writer, table + index * layout.MEMBER_BYTES, member);
  if (automaton !== undefined) {
    set(layout.EXTRACTOR_ONE_PASS, automaton.onePass ? 1 : 0);
    set(layout.EXTRACTOR_END_CLASS, automaton.endClass);
    set(layout.EXTRACTOR_START, automaton.start);
    set(layout.EXTRACTOR_SLOT_BYTES, automaton.slots * 4);
    set(layout.EXTRACTOR_CLASSES, writer.append(automaton.classes));
    set(layout.EXTRACTOR_ENTRIES, writer.append(automaton.entries));
    set(layout.EXTRACTOR_ACTIONS, writer.append(automaton.actions));
    set(layout.EXTRACTOR_ORIGINS_OF, writer.append(automaton.originsOf));
    set(layout.EXTRACTOR_ORIGINS, writer.append(automaton.origins));
    set(layout.EXTRACTOR_SKIPS, writer.append(automaton.skips));
  }
  return writer.bytes();
}

function writeMember(writer: Writer, at: number, { name, group, form, omitsDash }: ExtractedMember): void {
  const label = Buffer.from(form.kind === 'priority' ? '' : `${JSON.stringify(name)}:`);
  writer.setWord(at + layout.MEMBER_LABEL, writer.append(label));
  writer.setWord(at + layout.MEMBER_LABEL_LENGTH, label.length);
  writer.setWord(at + layout.MEMBER_GROUP, group);
  writer.setWord(at + layout.MEMBER_FORM, FORMS[form.kind] | (omitsDash ? layout.FORM_OMITS_DASH : 0));
  const texts = textsOf(form);
  if (texts === undefined) return;
  const places = writer.reserve(texts.length * 8);
  writer.setWord(at + layout.MEMBER_TEXTS, writer.base + places);
  for (const [index, text] of texts.entries()) {
    const bytes = Buffer.from(text);
    writer.setWord(places + index * 8, writer.append(bytes));
    writer.setWord(places + index * 8 + 4, bytes.length);
  }
}

function textsOf(form: ValueForm): readonly string[] | undefined {
  switch (form.kind) {
    case 'letter':
      return Array.from({ length: layout.LETTERS }, (_, byte) => {
        const letter = String.fromCharCode(byte);
        return form.values[letter] ?? JSON.stringify(letter);
      });
    case 'priority':
      return Array.from({ length: layout.PRIORITIES }, (_, priority) => form.members(priority));
    default:
      return undefined;
  }
}

class Writer {
  readonly base: number;
  readonly #parts: Buffer[] = [];
  #length = 0;

  constructor(base: number) {
    this.base = base;
  }

  /** @returns the position, from the base, of so many zeros */
  reserve(length: number): number {
    const at = this.#length;
    this.#push(Buffer.alloc(length));
    return at;
  }

  /** @returns the absolute position of the bytes */
  append(view: ArrayBufferView): number {
    const at = this.base + this.#length;
    this.#push(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
    return at;
  }

  setWord(at: number, value: number): void {
    let before = 0;
    for (const part of this.#parts) {
      if (at < before + part.length) {
        part.writeUInt32LE(value, at - before);
        return;
      }
      before += part.length;
    }
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** What follows begins at a multiple of 4, and 16 bytes may be loaded wherever one may. */
  #push(part: Buffer): void {
    const padding = (4 - (part.length % 4)) % 4;
    this.#parts.push(part, Buffer.alloc(padding));
    this.#length += part.length + padding;
  }
}
