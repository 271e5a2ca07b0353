/** How severe a record says it is, a byte at a time. */
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';

/** OpenTelemetry's severity numbers of the words that loggers use. */
export const SEVERITY_WORDS: ReadonlyMap<string, number> = new Map([
  ['trace', 1],
  ['trc', 1],
  ['trce', 1],
  ['verbose', 1],
  ['vrb', 1],
  ['debug', 5],
  ['dbg', 5],
  ['dbug', 5],
  ['info', 9],
  ['inf', 9],
  ['information', 9],
  ['informational', 9],
  ['notice', 10],
  ['note', 10],
  ['warn', 13],
  ['warning', 13],
  ['wrn', 13],
  ['error', 17],
  ['err', 17],
  ['fail', 17],
  ['severe', 17],
  ['critical', 18],
  ['crit', 18],
  ['alert', 19],
  ['fatal', 21],
  ['ftl', 21],
  ['panic', 21],
  ['emerg', 21],
  ['emergency', 21],
]);

/** syslog's 0 to 7 (GELF too), pino's and bunyan's tens, monolog's hundreds. */
const SEVERITY_OF_NUMBER: ReadonlyMap<number, number> = new Map([
  [0, 21],
  [1, 19],
  [2, 18],
  [3, 17],
  [4, 13],
  [5, 10],
  [6, 9],
  [7, 5],
  [10, 1],
  [20, 5],
  [30, 9],
  [40, 13],
  [50, 17],
  [60, 21],
  [100, 5],
  [200, 9],
  [250, 10],
  [300, 13],
  [400, 17],
  [500, 18],
  [550, 19],
  [600, 21],
]);

/** Members and keys that hold it, in any case. */
export const SEVERITY_NAMES: readonly string[] = [
  'level',
  'lvl',
  'severity',
  'levelname',
  'loglevel',
  'log_level',
  'log.level',
  'level_name',
  'severitytext',
  'severity_text',
];

const KLOG: ReadonlyMap<string, number> = new Map([
  ['I', 9],
  ['W', 13],
  ['E', 17],
  ['F', 21],
]);

/** Contract: `Kernel.findSeverities`. */
export function findSeverities(memory: TwinMemory, first: number, end: number, fallback: number): number {
  const { bytes, view, tableStart } = memory;
  let unwritten = 0;
  for (let row = first; row < end; row++) {
    const at = tableStart + row * layout.ROW_BYTES;
    const flags = view.getUint32(at + layout.ROW_FLAGS, true);
    if ((flags & (layout.FLAG_DROPPED | layout.FLAG_FRAGMENT)) !== 0) continue;
    const extraStart = view.getUint32(at + layout.ROW_EXTRA_START, true);
    const extraLength = view.getUint32(at + layout.ROW_EXTRA_LENGTH, true);
    const messageStart = view.getUint32(at + layout.ROW_MESSAGE_START, true);
    const messageLength = view.getUint32(at + layout.ROW_MESSAGE_LENGTH, true);
    const severity =
      severityOfMembers(bytes.subarray(extraStart, extraStart + extraLength)) ||
      severityOfText(bytes.subarray(messageStart, messageStart + messageLength)) ||
      fallback;
    if (severity === 0) continue;
    const kept = flags & ~(layout.FLAG_SEVERITY_MASK << layout.FLAG_SEVERITY_SHIFT);
    view.setUint32(at + layout.ROW_FLAGS, kept | (severity << layout.FLAG_SEVERITY_SHIFT), true);
    if (extraLength > 0) {
      unwritten += 1;
      continue;
    }
    const member = layout.SEVERITY_MEMBERS + severity * layout.SEVERITY_MEMBER_BYTES;
    view.setUint32(at + layout.ROW_EXTRA_START, member + 4, true);
    view.setUint32(at + layout.ROW_EXTRA_LENGTH, view.getUint32(member, true), true);
  }
  return unwritten;
}

/** What a field's text says: a word or a number. @returns 0 where it says nothing */
export function severityOfValue(text: string): number {
  return SEVERITY_WORDS.get(text.toLowerCase()) ?? numberSeverity(text);
}

function numberSeverity(text: string): number {
  return /^\d{1,3}$/.test(text) ? (SEVERITY_OF_NUMBER.get(Number(text)) ?? 0) : 0;
}

/** As latin1, so that every byte is a character and positions agree. */
function severityOfText(message: Uint8Array): number {
  const text = latin1(message).replace(/^[ \t]+/, '');
  if (text.startsWith('{')) {
    return severityOfMembers(Buffer.from(text.slice(0, layout.SEVERITY_JSON_WINDOW), 'latin1').subarray(1));
  }
  if (/^.\d{4} \d\d:/.test(text)) {
    const klog = KLOG.get(text.charAt(0));
    if (klog !== undefined) return klog;
  }
  const opening = /^([A-Za-z]+):/.exec(text)?.[1];
  const opened = opening === undefined ? undefined : SEVERITY_WORDS.get(opening.toLowerCase());
  if (opened !== undefined) return opened;
  for (let at = 0; at < Math.min(text.length, layout.SEVERITY_TEXT_WINDOW); at++) {
    const severity = severityAt(text, at);
    if (severity !== 0) return severity;
  }
  return 0;
}

function severityAt(text: string, at: number): number {
  const rest = text.slice(at);
  if (rest.startsWith('[')) {
    const word = /^\[[ \t]*(?:\w*:)?(\w*)[ \t]*\]/.exec(rest)?.[1];
    return wordSeverity(word);
  }
  if (rest.startsWith('=')) {
    const key = /[\w.-]*$/.exec(text.slice(0, at))?.[0] ?? '';
    if (!isSeverityName(key)) return 0;
    return wordSeverity(/^=["']?(\w*)/.exec(rest)?.[1]);
  }
  if (at > 0 && /\w/.test(text.charAt(at - 1))) return 0;
  return wordSeverity(/^([A-Z]{3,})(?![\w=])/.exec(rest)?.[1]);
}

function wordSeverity(word: string | undefined): number {
  return (word === undefined ? undefined : SEVERITY_WORDS.get(word.toLowerCase())) ?? 0;
}

function isSeverityName(name: string): boolean {
  return SEVERITY_NAMES.includes(name.toLowerCase());
}

/** Members without braces around them; a severity that follows what is no JSON is not found. */
function severityOfMembers(members: Uint8Array): number {
  const text = latin1(members);
  let at = 0;
  for (;;) {
    while (at < text.length && (isSpace(text, at) || text[at] === ',')) at += 1;
    const nameEnd = text[at] === '"' ? closingQuote(text, at) : -1;
    if (nameEnd === -1) return 0;
    const isNamed = isSeverityName(text.slice(at + 1, nameEnd));
    at = skipSpaces(text, nameEnd + 1);
    if (text[at] !== ':') return 0;
    at = skipSpaces(text, at + 1);
    const opening = text[at];
    if (opening === undefined) return 0;
    let end = at;
    let severity = 0;
    if (opening === '"') {
      end = closingQuote(text, at) + 1;
      if (end > 0) severity = wordSeverity(text.slice(at + 1, end - 1));
    } else if (opening === '{' || opening === '[') {
      end = nestedEnd(text, at);
    } else {
      while (end < text.length && !isSpace(text, end) && !',}]'.includes(text.charAt(end))) end += 1;
      severity = numberSeverity(text.slice(at, end));
    }
    if (end <= 0) return 0;
    if (isNamed && severity !== 0) return severity;
    at = end;
  }
}

function isSpace(text: string, at: number): boolean {
  return text.charCodeAt(at) <= 0x20;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at += 1;
  return at;
}

/** @returns -1 where there is none */
function closingQuote(text: string, opening: number): number {
  const string = /"(?:[^"\\]|\\.)*"/sy;
  string.lastIndex = opening;
  return string.test(text) ? string.lastIndex - 1 : -1;
}

function nestedEnd(text: string, opening: number): number {
  let depth = 0;
  for (let at = opening; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') {
      at = closingQuote(text, at);
      if (at === -1) return -1;
    } else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
