/** What to say of a query that the grammar does not accept. */
import type { Complaint } from './parse-error.ts';
import { scan, type Token } from './scan.ts';

/** @param position where the grammar gave up */
export function explainSyntaxError(query: string, position: number): Complaint {
  const { tokens, failure } = scan(query);
  const index = tokens.findIndex(({ start }) => start >= position);
  const token = tokens[index];
  if (failure !== undefined && (token === undefined || failure.position <= token.start)) {
    return { range: { start: failure.position, end: query.length }, reason: failure.reason };
  }
  if (token === undefined || (tokens.length === 1 && token.kind === 'end')) {
    return { range: { start: 0, end: 0 }, reason: 'no expression found in input' };
  }
  const range = { start: token.start, end: token.start + token.text.length };
  const before = tokens[index - 1];
  if (token.text === '(' && before?.kind === 'identifier') {
    const end = before.start + before.text.length;
    return { range: { start: before.start, end }, reason: `unknown function with name "${before.text}"` };
  }
  if (token.text === ')' && before?.text === ',') {
    return {
      range: { start: before.start, end: before.start + 1 },
      reason: 'trailing commas not allowed in function call args',
    };
  }
  return { range, reason: `unexpected ${describeToken(token)}${describeContext(tokens.slice(0, index))}` };
}

/** As messages name a token. */
export function describeToken({ kind, text }: Token): string {
  switch (kind) {
    case 'end':
      return 'end of input';
    case 'keyword':
      return `<${text.toLowerCase()}>`;
    case 'operator':
      return `<op:${text.toLowerCase()}>`;
    case 'aggregator':
      return `<aggr:${text.toLowerCase()}>`;
    case 'mark':
      return JSON.stringify(text);
    case 'identifier':
      return `identifier ${JSON.stringify(text)}`;
    case 'number':
    case 'duration':
    case 'string':
      return `${kind} ${text.length > 10 ? `${JSON.stringify(text.slice(0, 10))}...` : JSON.stringify(text)}`;
  }
}

/** ` in …, expected …`, of the tokens before it. */
function describeContext(before: readonly Token[]): string {
  const last = before.at(-1);
  if (last === undefined) return '';
  if (isOpen(before, '{', '}')) return ` in label matching, expected ${expectedInBraces(last)}`;
  if (isOpen(before, '[', ']')) {
    if (last.text === '[') return ' in subquery or range selector, expected number, duration, step(), or range()';
    if (last.text === ':') return ' in subquery selector, expected number, duration, step(), range(), or "]"';
    return ' in subquery or range, expected ":" or "]"';
  }
  const last2 = last.text.toLowerCase();
  if (last.kind === 'keyword' && GROUPERS.has(last2)) return ' in grouping opts, expected "("';
  if (isInGrouping(before)) {
    const isLabel = last.text !== '(' && last.text !== ',';
    return ` in grouping opts, expected ${isLabel ? '"," or ")"' : 'label'}`;
  }
  if (last.kind === 'keyword' && last2 === 'offset') return ' in offset, expected number, duration, step(), or range()';
  if (last.text === '@') return ' in @, expected timestamp';
  if (last.kind === 'aggregator') return ' in aggregation';
  return '';
}

const GROUPERS = new Set(['by', 'without', 'on', 'ignoring']);

function expectedInBraces(last: Token): string {
  if (last.text === '{' || last.text === ',') return 'identifier or "}"';
  if (last.kind === 'string') return '"," or "}"';
  return last.kind === 'operator' ? 'string' : 'label matching operator';
}

function isOpen(tokens: readonly Token[], open: string, close: string): boolean {
  const opened = tokens.findLastIndex(({ kind, text }) => kind === 'mark' && text === open);
  const closed = tokens.findLastIndex(({ kind, text }) => kind === 'mark' && text === close);
  return opened > closed;
}

function isInGrouping(tokens: readonly Token[]): boolean {
  if (!isOpen(tokens, '(', ')')) return false;
  const opened = tokens.findLastIndex(({ kind, text }) => kind === 'mark' && text === '(');
  const opener = tokens[opened - 1];
  return opener?.kind === 'keyword' && (GROUPERS.has(opener.text.toLowerCase()) || /^group_/i.test(opener.text));
}
