/** Parses PromQL as Prometheus 3.15 does. The grammar is Prometheus' own for editors, which tolerates errors: whatever it
 *  marks as one is refused here, and what it does not know (types, arity, escapes) is checked behind it. */
import type { Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { bug } from '@vigie/core/errors';
import type { Matcher } from '../labels/matcher.ts';
import type { Expr } from './ast.ts';
import { buildExpr } from './build-expr.ts';
import { checkTypes } from './check-types.ts';
import { readKeywordNames, renameOffsets } from './keyword-names.ts';
import { readLongOffsets, restoreLongOffsets } from './long-offsets.ts';
import { normalize } from './normalize.ts';
import { childrenOf, ParseContext, type ParseOptions } from './parse-context.ts';
import { type Complaint, ParseError } from './parse-error.ts';
import { scan, type Token } from './scan.ts';
import { describeToken, explainSyntaxError } from './unexpected.ts';

/** A longer one is refused: dashboards send a few KB, and the tree takes some hundred bytes per character. */
export const MAX_QUERY_LENGTH = 1 << 20;
/** Of nodes in nodes: what walks the tree does so by recursion. */
const MAX_DEPTH = 500;

/** @throws {ParseError}
 *  Cost: some 50 µs for a query of a dashboard. */
export function parseExpr(query: string, options: ParseOptions = {}): Expr {
  return parseTree(query, options, true);
}

function parseTree(query: string, options: ParseOptions, checksTypes: boolean): Expr {
  if (query.length > MAX_QUERY_LENGTH) {
    fail(query, { range: { start: 0, end: 0 }, reason: `query is longer than ${MAX_QUERY_LENGTH} characters` });
  }
  const names = readKeywordNames(query);
  const { plain, offsets, complaint } = readLongOffsets(query, names.offsets);
  const source = normalize(renameOffsets(plain, names.offsets));
  const tree = parser.parse(source);
  refuseSyntaxErrors(query, tree, names.complaint ?? complaint);
  const context = new ParseContext(query, restoreLongOffsets(source, offsets), offsets, options);
  const [root] = childrenOf(tree.topNode);
  if (root === undefined) fail(query, explainSyntaxError(query, 0));
  const expr = buildExpr(root, context);
  if (checksTypes && context.complaints.length === 0) checkTypes(expr, context);
  const [first, ...others] = context.complaints;
  if (first !== undefined) throw new ParseError(query, [first, ...others]);
  return expr;
}

/** The matchers of a selector such as `up{job="a"}`, for `match[]`; they may all match what has no label.
 *  @throws {ParseError} */
export function parseSelector(query: string): readonly Matcher[] {
  if (query.trim() === '') fail(query, { range: { start: 0, end: 0 }, reason: 'unexpected end of input' });
  const expr = parseTree(query, {}, false);
  if (expr.kind === 'vector' && expr.at === undefined && expr.offset === undefined) return expr.matchers;
  fail(query, behindSelector(query));
}

/** What is behind the selector that a text begins with; where it begins otherwise, its begin. */
function behindSelector(query: string): Complaint {
  const { tokens } = scan(query);
  let at = WORDS.has(tokens[0]?.kind) ? 1 : 0;
  if (tokens[at]?.text === '{') at = 1 + tokens.findIndex(({ text, kind }) => kind === 'mark' && text === '}');
  const token = tokens[at];
  if (token === undefined) throw bug('a selector that is one after all');
  return { range: { start: token.start, end: query.length }, reason: `unexpected ${describeToken(token)}` };
}

const WORDS: ReadonlySet<Token['kind'] | undefined> = new Set(['identifier', 'keyword', 'aggregator']);

function fail(query: string, complaint: Complaint): never {
  throw new ParseError(query, [complaint]);
}

/** @param known what is wrong that the grammar may not find */
function refuseSyntaxErrors(query: string, tree: Tree, known: Complaint | undefined): void {
  let depth = 0;
  let tooDeep: number | undefined;
  let wrong: number | undefined;
  let hasStrings = false;
  tree.iterate({
    enter: (node) => {
      depth += 1;
      if (depth > MAX_DEPTH) tooDeep ??= node.from;
      if (node.type.isError) wrong ??= node.from;
      if (node.name === 'StringLiteral') hasStrings = true;
      return tooDeep === undefined;
    },
    leave: () => {
      depth -= 1;
    },
  });
  if (tooDeep !== undefined) {
    fail(query, { range: { start: tooDeep, end: query.length }, reason: `nested deeper than ${MAX_DEPTH} levels` });
  }
  if (known !== undefined && (wrong === undefined || wrong >= known.range.start)) fail(query, known);
  if (wrong !== undefined) fail(query, explainSyntaxError(query, wrong));
  // The grammar lets strings end with the text.
  const failure = hasStrings ? scan(query).failure : undefined;
  if (failure !== undefined)
    fail(query, { range: { start: failure.position, end: query.length }, reason: failure.reason });
}
