/** Keywords where names stand. To Prometheus `offset` is the name of a metric wherever an operand begins, `atan2` never is, and
 *  `without` is no label of a grouping; its grammar for editors has it the other way round. Source: Prometheus,
 *  promql/parser/generated_parser.y, metric_identifier and maybe_label. */
import { binaryOperator } from './operators.ts';
import type { Complaint } from './parse-error.ts';
import { scan, type Token } from './scan.ts';
import { explainSyntaxError } from './unexpected.ts';

export interface KeywordNames {
  /** Where metrics called `offset` stand. */
  readonly offsets: ReadonlySet<number>;
  /** The first keyword that is no name where it stands for one. */
  readonly complaint: Complaint | undefined;
}

const NONE: KeywordNames = { offsets: new Set(), complaint: undefined };
/** Nearly no query has one of these. */
const CANDIDATE =
  /(?:^|[^\w:\s}\]"'`]|\b(?:and|or|unless|atan2|bool|group_left|group_right)\s)\s*offset\b|\batan2\b|[(,]\s*without\b/im;

export function readKeywordNames(query: string): KeywordNames {
  if (!CANDIDATE.test(query)) return NONE;
  const { tokens } = scan(query);
  const offsets = new Set<number>();
  let first: Token | undefined;
  let isOperand = true;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    const word = token.text.toLowerCase();
    const closing = CLOSING.get(word);
    if (closing !== undefined && (word !== '(' || isGrouped(tokens, index))) {
      const end = tokens.findIndex(({ text }, at) => at > index && text === closing);
      if (word === '(') first ??= tokens.slice(index, end).find(({ text }) => text.toLowerCase() === 'without');
      // What matches labels, or fills, stands before an operand.
      isOperand = word === '(' && MATCHING.has(tokens[index - 1]!.text.toLowerCase());
      if (end < 0) break;
      index = end;
    } else if (isOperand && !STAYING.has(word)) {
      if (word === 'offset') offsets.add(token.start);
      else if (word === 'atan2') first ??= token;
      isOperand = false;
    } else if (!isOperand) {
      isOperand = word === '(' || word === ',' || word === '@' || binaryOperator(word) !== undefined;
    }
  }
  return { offsets, complaint: first && explainSyntaxError(query, first.start) };
}

const CLOSING: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);
const MATCHING = new Set(['on', 'ignoring', 'group_left', 'group_right', 'fill', 'fill_left', 'fill_right']);
const GROUPERS = new Set(['by', 'without', ...MATCHING]);
/** Behind them, an operand is yet to come. */
const STAYING = new Set(['(', ',', '+', '-', 'bool', 'on', 'ignoring', 'group_left', 'group_right']);

/** Whether a bracket holds labels, or what fills gaps. */
function isGrouped(tokens: readonly Token[], at: number): boolean {
  return GROUPERS.has(tokens[at - 1]?.text.toLowerCase() ?? '');
}

/** Words for the grammar, as long as those that they stand for. */
export function renameOffsets(query: string, offsets: ReadonlySet<number>): string {
  let text = query;
  for (const start of offsets) text = `${text.slice(0, start)}_ffset${text.slice(start + '_ffset'.length)}`;
  return text;
}
