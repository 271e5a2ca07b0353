/** A stream's labels as text, `{app="web", stream="stdout"}`: a PromQL selector of equalities. */
import { unquoteGo } from '@vigie/core/go-quote';
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
    const value = unquoteGo(quoted);
    if (value === undefined) throw new MalformedError('a label is no string of Go', at);
    labels.set(name, value);
    at = PAIR.lastIndex;
    if (ending !== ',') return labels;
    // A comma may stand behind the last pair too.
    EMPTY.lastIndex = at;
    if (EMPTY.test(text)) return labels;
  }
}
