/** What the parts of the parser share: the query, what the caller allows, and what has been found wrong so far. */
import type { SyntaxNode } from '@lezer/common';
import { bug } from '@vigie/core/errors';
import { quote, unquote } from '../text/quote.ts';
import type { LongOffset } from './long-offsets.ts';
import type { Complaint } from './parse-error.ts';
import type { PositionRange } from './position.ts';

export interface ParseOptions {
  /** Functions, aggregations, fill modifiers, `anchored` and `smoothed`, `</` and `>/` that Prometheus 3.15 has behind
   *  feature flags. Default false. */
  readonly experimental?: boolean;
}

export class ParseContext {
  readonly query: string;
  /** As long as the query, with the spellings that the grammar knows. */
  readonly source: string;
  /** Offsets that the grammar was given plain ones for, by their end. */
  readonly longOffsets: ReadonlyMap<number, LongOffset>;
  readonly experimental: boolean;
  readonly complaints: Complaint[] = [];

  constructor(
    query: string,
    source: string,
    longOffsets: ReadonlyMap<number, LongOffset>,
    { experimental = false }: ParseOptions,
  ) {
    this.query = query;
    this.source = source;
    this.longOffsets = longOffsets;
    this.experimental = experimental;
  }

  complain(range: PositionRange, reason: string): void {
    this.complaints.push({ range, reason });
  }

  text(node: SyntaxNode): string {
    return this.query.slice(node.from, node.to);
  }

  numberText(node: SyntaxNode): string {
    return this.source.slice(node.from, node.to);
  }

  /** Of a string literal; '' after a complaint. */
  string(node: SyntaxNode): string {
    const literal = this.text(node);
    const value = unquote(literal);
    if (value === undefined) this.complain(rangeOf(node), `error unquoting string ${quote(literal)}: invalid syntax`);
    return value ?? '';
  }
}

export function rangeOf(node: SyntaxNode): PositionRange {
  return { start: node.from, end: node.to };
}

export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}

/** The child of that name; the grammar says that there is one. */
export function childOf(node: SyntaxNode, name: string): SyntaxNode {
  return node.getChild(name) ?? raise(node, name);
}

function raise(node: SyntaxNode, name: string): never {
  throw bug(`${node.name} without ${name}`);
}
