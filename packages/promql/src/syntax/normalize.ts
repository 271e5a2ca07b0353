/** A few spellings that Prometheus knows and its grammar for editors does not, replaced by others of the same length: so
 *  positions stay. */
import { scan, type Token } from './scan.ts';

/** @returns what the grammar is to parse in place of the query */
export function normalize(query: string): string {
  // Nearly no query has one of these.
  if (!/\d\.(?!\d)|\b(?:step|range|min_of|max_of)\s*\(|[(,]\s*[\w:]*:[\w:]*\s*[),]/i.test(query)) return query;
  let text = query;
  const replace = ({ start }: Token, by: string): void => {
    text = text.slice(0, start) + by + text.slice(start + by.length);
  };
  const { tokens } = scan(query);
  let isInBrackets = false;
  let offsetDepth: number | undefined;
  let depth = 0;
  let isGrouping = false;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'mark') {
      if (token.text === '[') isInBrackets = true;
      else if (token.text === ']') isInBrackets = false;
      else if (token.text === '(') {
        depth++;
        isGrouping = GROUPERS.has(tokens[index - 1]?.text.toLowerCase() ?? '');
      } else if (token.text === ')') {
        depth--;
        isGrouping = false;
      }
    }
    const isOffset = tokens[index - 1]?.text.toLowerCase() === 'offset';
    if (isOffset) offsetDepth = depth;
    if (offsetDepth !== undefined && !isOffset && depth < offsetDepth) offsetDepth = undefined;
    if (token.kind === 'number') {
      // `2.` and `2.e3` are `2` and `2e3`.
      const match = /^(\d[\d_]*)\.([eE][+-]?\d+)?$/.exec(token.text);
      if (match !== null) replace(token, `${match[1]}${match[2] ?? ''} `);
    } else if (isGrouping && token.kind === 'identifier') {
      // Labels with colons: of metrics alone, says the grammar.
      replace(token, token.text.replaceAll(':', '_'));
    } else if (token.kind === 'identifier' && tokens[index + 1]?.text === '(') {
      const name = token.text.toLowerCase();
      const isDuration = isInBrackets || offsetDepth !== undefined;
      if (isDuration && DURATION_FUNCTIONS.has(name)) replace(token, name);
      // Of two scalars, elsewhere: the grammar has them for durations alone, and does not count arguments.
      else if (token.text === 'min_of' || token.text === 'max_of') replace(token, 'vector');
    }
  }
  return text;
}

const GROUPERS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const DURATION_FUNCTIONS = new Set(['step', 'range', 'min_of', 'max_of']);
