/** Runs a regular expression's tables over a message and writes its groups as JSON members. */
import type { Automaton } from '@vigie/core/regex/automaton';
import { findMatch } from '@vigie/core/regex/walk';
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';
import { escapeMessage } from './encode.ts';

/** The contract is `Kernel.extract`. */
export function extract(
  memory: TwinMemory,
  extractor: number,
  start: number,
  length: number,
  out: number,
  outEnd: number,
): number {
  const automaton = automatonAt(memory, extractor);
  const pathBytes = automaton.onePass ? 0 : (length + 1) * 4;
  if (pathBytes > 0 && out + pathBytes + 4 > outEnd) return layout.EXTRACT_NO_ROOM;
  const slots = new Int32Array(memory.bytes.buffer, layout.EXTRACT_SLOTS, automaton.slots);
  const { matched, illFormed } = findMatch(automaton, memory.bytes, start, start + length, slots);
  if (illFormed) return layout.EXTRACT_ILL_FORMED;
  return matched ? writeGroups(memory, extractor, out, outEnd) : layout.EXTRACT_NO_MATCH;
}

/** The kernel's memory as the tables that were loaded there; what an index goes beyond is never looked at. */
function automatonAt({ bytes, view }: TwinMemory, extractor: number): Automaton {
  const word = (at: number) => view.getUint32(extractor + at, true);
  const words = (at: number) => new Int32Array(bytes.buffer, word(at));
  const classes = word(layout.EXTRACTOR_CLASSES);
  return {
    onePass: word(layout.EXTRACTOR_ONE_PASS) === 1,
    slots: word(layout.EXTRACTOR_SLOT_BYTES) / 4,
    classes: bytes.subarray(classes, classes + 256),
    endClass: word(layout.EXTRACTOR_END_CLASS),
    stride: 0,
    start: word(layout.EXTRACTOR_START),
    entries: words(layout.EXTRACTOR_ENTRIES),
    actions: words(layout.EXTRACTOR_ACTIONS),
    originsOf: words(layout.EXTRACTOR_ORIGINS_OF),
    origins: words(layout.EXTRACTOR_ORIGINS),
    skips: bytes.subarray(word(layout.EXTRACTOR_SKIPS)),
  };
}

const COMMA = 0x2c;
const QUOTE = 0x22;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const PRIORITY = /^[0-9]{1,3}$/;

/** The contract is `Kernel.writeGroups`. */
export function writeGroups(memory: TwinMemory, extractor: number, outStart: number, outEnd: number): number {
  const { bytes, view } = memory;
  const count = view.getUint32(extractor + layout.EXTRACTOR_MEMBER_COUNT, true);
  const first = view.getUint32(extractor + layout.EXTRACTOR_MEMBERS, true);
  let out = outStart;
  for (let member = first; member < first + count * layout.MEMBER_BYTES; member += layout.MEMBER_BYTES) {
    const word = (at: number) => view.getUint32(member + at, true);
    const slots = layout.EXTRACT_SLOTS + word(layout.MEMBER_GROUP) * 8;
    const from = view.getInt32(slots, true);
    if (from === -1) continue;
    const to = view.getInt32(slots + 4, true);
    const text = Buffer.from(bytes.buffer, from, to - from).toString('latin1');
    const form = word(layout.MEMBER_FORM);
    if ((form & layout.FORM_OMITS_DASH) !== 0 && text === '-') continue;
    if ((form & layout.FORM_MASK) === layout.FORM_PRIORITY && !isPriority(text)) continue;
    const labelLength = word(layout.MEMBER_LABEL_LENGTH);
    const bound = labelLength + layout.ESCAPE_GROWTH * (to - from) + layout.MEMBER_ROOM;
    if (out + bound > outEnd) return layout.EXTRACT_NO_ROOM;
    if (out !== outStart) bytes[out++] = COMMA;
    out = copy(memory, out, word(layout.MEMBER_LABEL), labelLength);
    const ready = readyValue(memory, text, from, form & layout.FORM_MASK, word(layout.MEMBER_TEXTS));
    if (ready !== undefined) {
      out = copy(memory, out, ready.start, ready.length);
      continue;
    }
    bytes[out++] = QUOTE;
    out = escapeMessage(memory, out, from, to - from);
    bytes[out++] = QUOTE;
  }
  return out - outStart;
}

function isPriority(text: string): boolean {
  return PRIORITY.test(text) && Number(text) < layout.PRIORITIES;
}

/** Where the value stands ready to be copied; undefined where it becomes a string. */
function readyValue({ view }: TwinMemory, text: string, start: number, form: number, texts: number) {
  const place = (index: number) => ({
    start: view.getUint32(texts + index * 8, true),
    length: view.getUint32(texts + index * 8 + 4, true),
  });
  switch (form) {
    case layout.FORM_NUMBER:
      return NUMBER.test(text) ? { start, length: text.length } : undefined;
    case layout.FORM_LETTER:
      return text.length === 1 && text.charCodeAt(0) < layout.LETTERS ? place(text.charCodeAt(0)) : undefined;
    case layout.FORM_PRIORITY:
      return place(Number(text));
    default:
      return undefined;
  }
}

function copy({ bytes }: TwinMemory, out: number, from: number, length: number): number {
  bytes.copyWithin(out, from, from + length);
  return out + length;
}
