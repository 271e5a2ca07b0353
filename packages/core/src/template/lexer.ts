/** Tokens of a template. Source: Go 1.26, text/template/parse/lex.go. */
import { quoteGo } from '../go-quote.ts';

export type TokenKind =
  | 'error'
  | 'bool'
  | 'char'
  | 'char constant'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'left delimiter'
  | 'left parenthesis'
  | 'number'
  | 'pipe'
  | 'raw string'
  | 'right delimiter'
  | 'right parenthesis'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | 'dot'
  | 'nil'
  | Keyword;

export type Keyword = 'block' | 'break' | 'continue' | 'define' | 'else' | 'end' | 'if' | 'range' | 'template' | 'with';

export interface Token {
  readonly kind: TokenKind;
  readonly position: number;
  readonly text: string;
  /** From 1; where it begins. */
  readonly line: number;
}

const KEYWORDS: ReadonlyMap<string, Keyword | 'nil'> = new Map(
  (['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'nil', 'range', 'template', 'with'] as const).map(
    (word) => [word, word],
  ),
);

/** As errors quote it. */
export function showToken({ kind, text }: Token): string {
  if (kind === 'eof') return 'EOF';
  if (kind === 'error') return text;
  if (isKeyword(kind)) return `<${text}>`;
  if (Buffer.byteLength(text) <= 10) return quoteGo(text);
  return `${quoteGo(Array.from(text).slice(0, 10).join(''))}...`;
}

function isKeyword(kind: TokenKind): boolean {
  return kind === 'dot' || kind === 'nil' || KEYWORDS.has(kind);
}

export interface Delimiters {
  readonly left: string;
  readonly right: string;
}

const SPACES = ' \t\r\n';
const WORD = /[\p{L}\p{Nd}_]/u;
const TRIM_MARKER_LENGTH = 2;

export class Lexer {
  readonly #input: string;
  readonly #left: string;
  readonly #right: string;
  #at = 0;
  #start = 0;
  #line = 1;
  #startLine = 1;
  #isInsideAction = false;
  #parentheses = 0;

  constructor(input: string, { left, right }: Delimiters) {
    this.#input = input;
    this.#left = left;
    this.#right = right;
  }

  next(): Token {
    return this.#isInsideAction ? this.#insideAction() : this.#text();
  }

  #token(kind: TokenKind): Token {
    const text = this.#input.slice(this.#start, this.#at);
    const token = { kind, position: this.#start, text, line: this.#startLine };
    this.#line += newlines(text);
    this.#ignore();
    return token;
  }

  #ignore(): void {
    this.#start = this.#at;
    this.#startLine = this.#line;
  }

  /** Passes over what is no part of a token. */
  #skip(length: number): void {
    this.#line += newlines(this.#input.slice(this.#at, this.#at + length));
    this.#at += length;
    this.#ignore();
  }

  #error(message: string): Token {
    const token: Token = { kind: 'error', position: this.#start, text: message, line: this.#startLine };
    this.#at = this.#input.length;
    this.#ignore();
    this.#isInsideAction = false;
    return token;
  }

  #text(): Token {
    const input = this.#input;
    for (;;) {
      const found = input.indexOf(this.#left, this.#at);
      if (found < 0) {
        this.#at = input.length;
        return this.#at > this.#start ? this.#token('text') : { ...this.#token('eof'), text: 'EOF' };
      }
      const behind = found + this.#left.length;
      const isTrimmed = input[behind] === '-' && isSpace(input[behind + 1]);
      if (found > this.#start) {
        const text = input.slice(this.#start, found);
        this.#at = this.#start + (isTrimmed ? trimRight(text) : text).length;
        const token = this.#at > this.#start ? this.#token('text') : undefined;
        this.#skip(found - this.#at);
        if (token !== undefined) return token;
      }
      const afterMarker = isTrimmed ? TRIM_MARKER_LENGTH : 0;
      if (!input.startsWith('/*', behind + afterMarker)) {
        this.#at = behind;
        const token = this.#token('left delimiter');
        this.#skip(afterMarker);
        this.#isInsideAction = true;
        this.#parentheses = 0;
        return token;
      }
      this.#at = behind + afterMarker;
      this.#ignore();
      const end = input.indexOf('*/', this.#at + 2);
      if (end < 0) return this.#error('unclosed comment');
      const comment = end + 2 - this.#at;
      this.#at += comment;
      const trim = this.#rightDelimiter();
      if (trim === undefined) return this.#error('comment ends before closing delimiter');
      this.#at -= comment;
      this.#skip(comment);
      this.#passRightDelimiter(trim);
    }
  }

  /** Whether the right delimiter is at hand, with a trim marker before it; undefined where it is not. */
  #rightDelimiter(): boolean | undefined {
    const input = this.#input;
    if (isSpace(input[this.#at]) && input[this.#at + 1] === '-' && input.startsWith(this.#right, this.#at + 2))
      return true;
    return input.startsWith(this.#right, this.#at) ? false : undefined;
  }

  #passRightDelimiter(isTrimmed: boolean): Token {
    if (isTrimmed) this.#skip(TRIM_MARKER_LENGTH);
    this.#at += this.#right.length;
    const token = this.#token('right delimiter');
    if (isTrimmed) {
      let length = 0;
      while (isSpace(this.#input[this.#at + length])) length++;
      this.#skip(length);
    }
    this.#isInsideAction = false;
    return token;
  }

  #insideAction(): Token {
    const input = this.#input;
    const trim = this.#rightDelimiter();
    if (trim !== undefined) {
      return this.#parentheses === 0 ? this.#passRightDelimiter(trim) : this.#error('unclosed left paren');
    }
    const point = input.codePointAt(this.#at);
    if (point === undefined) return this.#error('unclosed action');
    const character = String.fromCodePoint(point);
    if (isSpace(character)) return this.#space();
    this.#at += character.length;
    switch (character) {
      case '=':
        return this.#token('assign');
      case ':':
        if (input[this.#at] !== '=') return this.#error('expected :=');
        this.#at++;
        return this.#token('declare');
      case '|':
        return this.#token('pipe');
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'char constant', 'unterminated character constant');
      case '`': {
        const end = input.indexOf('`', this.#at);
        if (end < 0) return this.#error('unterminated raw quoted string');
        this.#at = end + 1;
        return this.#token('raw string');
      }
      case '$':
        return this.#fieldOrVariable('variable');
      case '(':
        this.#parentheses++;
        return this.#token('left parenthesis');
      case ')':
        if (--this.#parentheses < 0) return this.#error('unexpected right paren');
        return this.#token('right parenthesis');
      default:
        if (character === '.' && !isDigit(input[this.#at])) return this.#fieldOrVariable('field');
        if (/[.+\-0-9]/.test(character)) {
          this.#at -= 1;
          return this.#number();
        }
        if (WORD.test(character)) return this.#word();
        if (/^[!-~]$/.test(character)) return this.#token('char');
        return this.#error(`unrecognized character in action: ${showCharacter(character)}`);
    }
  }

  #space(): Token {
    const input = this.#input;
    let spaces = 0;
    while (isSpace(input[this.#at])) {
      this.#at++;
      spaces++;
    }
    // The last space may be that of a trim marker.
    if (input[this.#at] === '-' && input.startsWith(this.#right, this.#at + 1)) {
      this.#at--;
      if (spaces === 1) return this.#passRightDelimiter(true);
    }
    return this.#token('space');
  }

  #character(): string {
    const point = this.#input.codePointAt(this.#at);
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  #passWord(): void {
    for (let character = this.#character(); character !== '' && WORD.test(character); character = this.#character()) {
      this.#at += character.length;
    }
  }

  #word(): Token {
    this.#passWord();
    const bad = this.#badCharacter();
    if (bad !== undefined) return bad;
    const word = this.#input.slice(this.#start, this.#at);
    if (word === 'true' || word === 'false') return this.#token('bool');
    return this.#token(KEYWORDS.get(word) ?? 'identifier');
  }

  #fieldOrVariable(kind: 'field' | 'variable'): Token {
    if (this.#isAtTerminator()) return this.#token(kind === 'field' ? 'dot' : 'variable');
    this.#passWord();
    return this.#badCharacter() ?? this.#token(kind);
  }

  #badCharacter(): Token | undefined {
    if (this.#isAtTerminator()) return undefined;
    return this.#error(`bad character ${showCharacter(this.#character())}`);
  }

  #isAtTerminator(): boolean {
    const character = this.#input[this.#at];
    if (character === undefined || isSpace(character) || '.,|:)('.includes(character)) return true;
    return this.#input.startsWith(this.#right, this.#at);
  }

  #quoted(quote: string, kind: TokenKind, message: string): Token {
    for (;;) {
      const character = this.#input[this.#at++];
      if (character === quote) return this.#token(kind);
      if (character === undefined || character === '\n') return this.#error(message);
      if (character === '\\') {
        const escaped = this.#input[this.#at++];
        if (escaped === undefined || escaped === '\n') return this.#error(message);
      }
    }
  }

  #number(): Token {
    const pattern =
      /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#input)?.[0].length ?? 0;
    // Complex numbers, which no template of Prometheus has use for, are refused.
    const isComplex = /[+-]/.test(this.#input[this.#at] ?? '');
    if (isComplex) {
      pattern.lastIndex = this.#at;
      this.#at += pattern.exec(this.#input)?.[0].length ?? 0;
    }
    const behind = this.#character();
    const isWord = behind !== '' && WORD.test(behind);
    if (isWord) this.#at += behind.length;
    if (isComplex || isWord) {
      return this.#error(`bad number syntax: ${quoteGo(this.#input.slice(this.#start, this.#at))}`);
    }
    return this.#token('number');
  }
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && character !== '' && SPACES.includes(character);
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function trimRight(text: string): string {
  let length = text.length;
  while (isSpace(text[length - 1])) length--;
  return text.slice(0, length);
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Go's `%#U`. */
function showCharacter(character: string): string {
  if (character === '') return 'U+FFFFFFFFFFFFFFFF';
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character) ? `U+${hex} '${character}'` : `U+${hex}`;
}
