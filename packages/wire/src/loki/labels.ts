/** A stream's labels as text, `{app="web", stream="stdout"}`: a PromQL selector of equalities. */
import { LimitError, MalformedError } from '../errors.ts';

/** Name to value; names are unique. */
export type Labels = ReadonlyMap<string, string>;

/** Loki's own limit is 15 by default. */
const MAX_LABELS = 128;
const PAIR = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(,|\}\s*$)/sy;
const OPENING = /\s*\{/y;
const EMPTY = /\s*\}\s*$/y;

export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Sorted by name, as Loki shows them. Lone surrogates become U+FFFD. */
export function formatLabels(labels: Labels): string {
  const pairs = Array.from(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(Buffer.from(value).toString())}`).join(', ')}}`;
}

/** @throws {MalformedError | LimitError} */
export function parseLabels(text: string): Labels {
  const labels = new Map<string, string>();
  OPENING.lastIndex = 0;
  if (!OPENING.test(text)) throw new MalformedError('labels do not begin with {', 0);
  let at = OPENING.lastIndex;
  EMPTY.lastIndex = at;
  if (EMPTY.test(text)) return labels;
  for (;;) {
    PAIR.lastIndex = at;
    const [, name, quoted, ending] = PAIR.exec(text) ?? [];
    if (name === undefined || quoted === undefined) throw new MalformedError('labels are not name="value" pairs', at);
    if (labels.has(name)) throw new MalformedError(`label ${name} twice`, at);
    if (labels.size === MAX_LABELS) throw new LimitError('labels', MAX_LABELS);
    labels.set(name, unquote(quoted, at));
    at = PAIR.lastIndex;
    if (ending !== ',') return labels;
    // A comma may stand behind the last pair too.
    EMPTY.lastIndex = at;
    if (EMPTY.test(text)) return labels;
  }
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** Go's string literals; a byte that is written as \x80 or above is taken as that character. */
function unquote(quoted: string, at: number): string {
  if (quoted.startsWith('`')) return quoted.slice(1, -1);
  return quoted.slice(1, -1).replace(ESCAPE, (_whole, hex, short, long, octal, letter) => {
    const code = hex ?? short ?? long;
    if (code !== undefined || octal !== undefined) {
      const point = code === undefined ? Number.parseInt(octal, 8) : Number.parseInt(code, 16);
      if (point <= 0x10ffff) return String.fromCodePoint(point);
    } else if (Object.hasOwn(LETTERS, letter)) {
      return LETTERS[letter] ?? '';
    }
    throw new MalformedError('an escape that Go does not have, in a label', at);
  });
}
