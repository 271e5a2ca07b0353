/** Replacements with groups in them: `$1`, `${1}`, `$name`, `${name}`, and `$$` for a dollar. Source: Go, regexp/regexp.go, Expand. */
import type { Groups } from './whole-match.ts';

/** Fills in the groups of a match. */
export type Expansion = (groups: Groups) => string;

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
/** A number with a leading zero, or a very large one, is a name. */
const NUMBER = /^(?:0|[1-9]\d{0,8})$/;

/** @param groupNames of the regex; a group that is not there is empty, a `$` that begins no reference stays */
export function compileExpansion(template: string, groupNames: readonly (string | undefined)[]): Expansion {
  if (!template.includes('$')) return () => template;
  const parts: (string | number)[] = [];
  let copied = 0;
  for (const match of template.matchAll(REFERENCE)) {
    parts.push(template.slice(copied, match.index));
    copied = match.index + match[0].length;
    if (match[0] === '$$') {
      parts.push('$');
      continue;
    }
    const name = match[1] ?? match[2] ?? '';
    const group = NUMBER.test(name) ? Number(name) : groupNames.indexOf(name);
    if (group >= 0 && group < groupNames.length) parts.push(group);
  }
  parts.push(template.slice(copied));
  const filled = parts.filter((part) => part !== '');
  const [only] = filled;
  if (filled.length === 1 && typeof only === 'number') return (groups) => groups(only);
  return (groups) => {
    let text = '';
    for (const part of filled) text += typeof part === 'number' ? groups(part) : part;
    return text;
  };
}
