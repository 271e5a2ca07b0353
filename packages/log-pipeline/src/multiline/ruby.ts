/** Backtraces of Ruby, and Rails' form of them. */
import {
  afterBlanks,
  afterDigits,
  ascii,
  BEGINS,
  endsWith,
  firstBytes,
  type MultilineRule,
  startsWith,
} from './rule.ts';

/** Behind Rails' `NoMethodError (undefined method …):`, whose frames are not indented. */
const RAILS = 1;

const INDENT = firstBytes('\t ');
const FROM = ascii('from ');
const NUMBERED = ascii(': from ');
const PLACE = ascii('.rb:');
const IN = ascii(':in ');
const RAILS_END = ascii('):');
const RAILS_ERROR = ascii('Error (');
const LINE_BYTES = 512;

/** Source of the forms: error.c of Ruby, ActionDispatch::DebugExceptions of Rails. */
export const ruby: MultilineRule = {
  next(state, memory, start, end) {
    if (start < end && INDENT[memory[start]!] === 1) {
      const at = afterBlanks(memory, start, end);
      if (at === end) return state === RAILS ? RAILS : BEGINS;
      if (startsWith(memory, at, end, FROM)) return state;
      if (startsWith(memory, afterDigits(memory, at, end), end, NUMBERED)) return state;
      return isFrame(memory, at, end) ? state : BEGINS;
    }
    if (state === RAILS && (start === end || isFrame(memory, start, end))) return RAILS;
    if (endsWith(memory, start, end, RAILS_END) && find(memory, start, end, RAILS_ERROR) >= 0) return ~RAILS;
    return BEGINS;
  },
};

/** `app/models/order.rb:42:in 'Order#pay'` */
function isFrame(memory: Uint8Array, start: number, end: number): boolean {
  const place = find(memory, start, end, PLACE);
  if (place < 0) return false;
  const number = place + PLACE.length;
  const at = afterDigits(memory, number, end);
  return at > number && startsWith(memory, at, end, IN);
}

/** Looks only at the line's beginning: a path stands there or nowhere. */
function find(memory: Uint8Array, start: number, end: number, literal: Uint8Array): number {
  const last = Math.min(end, start + LINE_BYTES) - literal.length;
  for (let at = start; at <= last; at++) {
    if (memory[at] === literal[0] && startsWith(memory, at, end, literal)) return at;
  }
  return -1;
}
