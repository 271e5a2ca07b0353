/** Tokens of matchers whose names and values may hold any UTF-8. Source: Alertmanager, matcher/parse/lexer.go. */
import { hasReserved, isSpace } from './characters.ts';
import { MatcherError } from './matcher-error.ts';

export type TokenKind = '{' | '}' | ',' | '=' | '!=' | '=~' | '!~' | 'quoted' | 'unquoted';

export interface Token {
  readonly kind: TokenKind;
  /** As it was written, with its quotes. */
  readonly text: string;
  /** In characters (code points), as messages name them. */
  readonly start: number;
  readonly end: number;
}

/** Reads one token at a time, so that a mistake is told when the parser comes to it. */
export class Utf8Lexer {
  readonly #characters: readonly string[];
  #at = 0;
  #taken = 0;
  #peeked: Token | 'end' | undefined;
  #failure: MatcherError | undefined;

  constructor(input: string) {
    this.#characters = Array.from(input);
  }

  /** How many characters have been taken. */
  get position(): number {
    return this.#taken;
  }

  /** @throws {MatcherError} where the input cannot go on so */
  peek(): Token | 'end' {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#peeked ??= this.#scan();
    } catch (error) {
      if (error instanceof MatcherError) this.#failure = error;
      throw error;
    }
    return this.#peeked;
  }

  /** @throws {MatcherError} as peek does */
  next(): Token | 'end' {
    const token = this.peek();
    this.#peeked = undefined;
    this.#taken = token === 'end' ? this.#at : token.end;
    return token;
  }

  #scan(): Token | 'end' {
    while (isSpace(this.#characters[this.#at] ?? '')) this.#at++;
    const start = this.#at;
    const character = this.#characters[start];
    switch (character) {
      case undefined:
        return 'end';
      case '{':
      case '}':
      case ',':
        return this.#emit(character, start, start + 1);
      case '=':
        return this.#characters[start + 1] === '~'
          ? this.#emit('=~', start, start + 2)
          : this.#emit('=', start, start + 1);
      case '!':
        return this.#negation(start);
      case '"':
        return this.#quoted(start);
      default:
        return this.#unquoted(start, character);
    }
  }

  #negation(start: number): Token {
    const follows = this.#characters[start + 1];
    if (follows === '=') return this.#emit('!=', start, start + 2);
    if (follows === '~') return this.#emit('!~', start, start + 2);
    if (follows === undefined)
      throw new MatcherError(`${start}:${start + 1}: unexpected end of input, expected one of '=~'`);
    throw new MatcherError(`${start}:${start + 1}: !: expected one of '=~'`);
  }

  #quoted(start: number): Token {
    let at = start + 1;
    while (at < this.#characters.length && this.#characters[at] !== '"') at += this.#characters[at] === '\\' ? 2 : 1;
    if (at >= this.#characters.length) {
      const rest = this.#characters.slice(start);
      throw new MatcherError(`${start}:${this.#characters.length}: ${rest.join('')}: missing end "`);
    }
    return this.#emit('quoted', start, at + 1);
  }

  #unquoted(start: number, first: string): Token {
    if (hasReserved(first)) throw new MatcherError(`${start}:${start + 1}: ${first}: invalid input`);
    let at = start + 1;
    while (at < this.#characters.length && !hasReserved(this.#characters[at]!)) at++;
    return this.#emit('unquoted', start, at);
  }

  #emit(kind: TokenKind, start: number, end: number): Token {
    this.#at = end;
    return { kind, text: this.#characters.slice(start, end).join(''), start, end };
  }
}
