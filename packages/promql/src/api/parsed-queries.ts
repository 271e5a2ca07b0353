/** Queries that were parsed before: a dashboard asks the same ones every few seconds, for each of its viewers. With the tree
 *  its matchers are kept, and with these what their regular expressions have been compiled to. */
import type { Expr } from '../syntax/ast.ts';
import { parseExpr } from '../syntax/parse.ts';

/** A large dashboard has a hundred panels, and an alerting service asks all of its rules in turn: of one more than there is room for, each
 *  would be gone when it is asked again. */
const MAX_QUERIES = 4096;
/** Of text in all; a tree takes some hundred bytes per character, so 100 MB if there are as many queries as can be. */
const MAX_CHARACTERS = 512 * 1024;

/** Bounded: what was asked for least recently goes first. Trees are shared, and nobody changes them. */
export class ParsedQueries {
  readonly #experimental: boolean;
  readonly #known = new Map<string, Expr>();
  #characters = 0;

  constructor(experimental: boolean) {
    this.#experimental = experimental;
  }

  /** @throws {ParseError} each time anew */
  parse(text: string): Expr {
    const known = this.#known.get(text);
    if (known !== undefined) this.#remove(text);
    const expr = known ?? parseExpr(text, { experimental: this.#experimental });
    this.#known.set(text, expr);
    this.#characters += text.length;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_QUERIES && this.#characters <= MAX_CHARACTERS) break;
      this.#remove(oldest);
    }
    return expr;
  }

  #remove(text: string): void {
    this.#known.delete(text);
    this.#characters -= text.length;
  }
}
