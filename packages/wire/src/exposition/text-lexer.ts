/** Tokens of the two text formats, cut as Prometheus' lexers cut them, so that errors quote the same bytes.
 *  Source: prometheus v0.315.0, model/textparse/promlex.l and openmetricslex.l. */

export type Token =
  | 'INVALID'
  | 'EOF'
  | 'LINEBREAK'
  | 'WHITESPACE'
  | 'HELP'
  | 'TYPE'
  | 'UNIT'
  | 'EOFWORD'
  | 'TEXT'
  | 'COMMENT'
  | 'MNAME'
  | 'QSTRING'
  | 'BOPEN'
  | 'BCLOSE'
  | 'LNAME'
  | 'LVALUE'
  | 'COMMA'
  | 'EQUAL'
  | 'TIMESTAMP'
  | 'VALUE';

export type LexerState =
  | 'init'
  | 'meta-name'
  | 'meta-text'
  | 'labels'
  | 'label-value'
  | 'value'
  | 'timestamp'
  | 'exemplar'
  | 'exemplar-value'
  | 'exemplar-timestamp';

const NUL = 0;
const TAB = 0x09;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const COLON = 0x3a;
const EQUAL = 0x3d;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const HELP = Buffer.from('HELP');
const TYPE = Buffer.from('TYPE');
const UNIT = Buffer.from('UNIT');
const END = Buffer.from('EOF');

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isLabelStart = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f;
const isNameStart = (byte: number): boolean => isLabelStart(byte) || byte === COLON;

abstract class Lexer {
  state: LexerState = 'init';
  /** Of the token. */
  start = 0;
  /** One past the token; of an invalid one, the byte that nobody expected there. */
  at = 0;
  readonly bytes: Buffer;
  readonly end: number;

  constructor(bytes: Buffer, end: number) {
    this.bytes = bytes;
    this.end = end;
  }

  abstract lex(): Token;

  /** The byte at `at`; what is behind the end counts as one that nothing allows. */
  protected peek(): number {
    return this.at < this.end ? this.bytes[this.at]! : NUL;
  }

  protected one(token: Token, next: LexerState): Token {
    this.at++;
    this.state = next;
    return token;
  }

  protected while(isPart: (byte: number) => boolean): void {
    while (this.at < this.end && isPart(this.bytes[this.at]!)) this.at++;
  }

  /** A name of letters and digits. */
  protected name(isStart: (byte: number) => boolean, token: Token, next: LexerState): Token {
    if (!isStart(this.peek())) return 'INVALID';
    this.while((byte) => isStart(byte) || isDigit(byte));
    this.state = next;
    return token;
  }

  /** @param withNul whether NUL may stand in it, @param withNewline whether a line may end in it */
  protected quoted(token: Token, next: LexerState, withNul: boolean, withNewline: boolean): Token {
    if (this.peek() !== QUOTE) return 'INVALID';
    this.at++;
    while (this.at < this.end) {
      const byte = this.bytes[this.at]!;
      if (byte === QUOTE) return this.one(token, next);
      if ((byte === NUL && !withNul) || (byte === NEWLINE && !withNewline)) return 'INVALID';
      this.at++;
      if (byte !== BACKSLASH) continue;
      if (withNul) this.while((skipped) => skipped === NUL);
      if (this.at === this.end) return 'INVALID';
      const escaped = this.bytes[this.at]!;
      if (escaped === NUL || escaped === NEWLINE) return 'INVALID';
      this.at++;
    }
    return 'INVALID';
  }

  /** Takes the bytes of `word` one by one, as far as they go. */
  protected word(word: Buffer): boolean {
    for (const byte of word) {
      if (this.peek() !== byte) return false;
      this.at++;
    }
    return true;
  }

  protected inLabels(next: LexerState, valueState: LexerState, end: LexerState, withNewline: boolean): Token {
    switch (this.peek()) {
      case CLOSE:
        return this.one('BCLOSE', end);
      case EQUAL:
        return this.one('EQUAL', valueState);
      case COMMA:
        return this.one('COMMA', next);
      case QUOTE:
        return this.quoted('QSTRING', next, false, withNewline);
      default:
        return this.name(isLabelStart, 'LNAME', next);
    }
  }
}

/** Text format 0.0.4. A newline is thought behind the last byte, as Prometheus puts one there. */
export class PromLexer extends Lexer {
  lex(): Token {
    const isPastEnd = this.at >= this.end;
    if (this.at > this.end) return 'EOF';
    this.start = this.at;
    if (isPastEnd) return this.#pastEnd();
    const first = this.peek();
    if ((first === SPACE || first === TAB) && !(this.state === 'meta-text' && !this.#isBlankToEndOfLine())) {
      this.while(isBlank);
      return 'WHITESPACE';
    }
    switch (this.state) {
      case 'init':
        return this.#init(first);
      case 'meta-name':
        if (first === QUOTE) return this.quoted('MNAME', 'meta-text', false, true);
        return this.name(isNameStart, 'MNAME', 'meta-text');
      case 'meta-text':
        this.while((byte) => byte !== NEWLINE);
        this.state = 'init';
        return 'TEXT';
      case 'labels':
        return this.inLabels('labels', 'label-value', 'value', true);
      case 'label-value':
        return this.quoted('LVALUE', 'labels', true, true);
      case 'value':
        if (first === OPEN) return this.one('BOPEN', 'labels');
        this.while((byte) => byte !== OPEN && byte !== NEWLINE && byte !== NUL && !isBlank(byte));
        if (this.at === this.start) return 'INVALID';
        this.state = 'timestamp';
        return 'VALUE';
      default:
        if (first === NEWLINE) return this.one('LINEBREAK', 'init');
        this.while(isDigit);
        return this.at === this.start ? 'INVALID' : 'TIMESTAMP';
    }
  }

  #pastEnd(): Token {
    switch (this.state) {
      case 'init':
      case 'timestamp':
        return this.one('LINEBREAK', 'init');
      case 'meta-text':
        this.state = 'init';
        return 'TEXT';
      default:
        return 'INVALID';
    }
  }

  #init(first: number): Token {
    if (first === NUL) {
      this.at++;
      return 'EOF';
    }
    if (first === NEWLINE) return this.one('LINEBREAK', 'init');
    if (first === OPEN) return this.one('BOPEN', 'labels');
    if (first !== HASH) return this.name(isNameStart, 'MNAME', 'value');
    this.at++;
    const isSpaced = isBlank(this.peek());
    this.while(isBlank);
    if (isSpaced) {
      for (const [word, token] of PROM_WORDS) {
        const behind = this.at + word.length;
        if (this.bytes.compare(word, 0, word.length, this.at, Math.min(behind, this.end)) !== 0) continue;
        if (behind >= this.end || !isBlank(this.bytes[behind]!)) continue;
        this.at = behind;
        this.while(isBlank);
        this.state = 'meta-name';
        return token;
      }
    }
    this.while((byte) => byte !== NEWLINE && (isSpaced || byte !== NUL));
    return this.at < this.end && this.bytes[this.at] === NUL ? 'EOF' : 'COMMENT';
  }

  #isBlankToEndOfLine(): boolean {
    let at = this.at;
    while (at < this.end && isBlank(this.bytes[at]!)) at++;
    return at === this.end || this.bytes[at] === NEWLINE;
  }
}

const PROM_WORDS = [
  [HELP, 'HELP'],
  [TYPE, 'TYPE'],
] as const;

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** OpenMetrics 1.0: one space where a space stands, and nothing but what the format names. */
export class OpenMetricsLexer extends Lexer {
  lex(): Token {
    if (this.at >= this.end) return 'EOF';
    this.start = this.at;
    const first = this.peek();
    switch (this.state) {
      case 'init':
        if (first === OPEN) return this.one('BOPEN', 'labels');
        return first === HASH ? this.#comment() : this.name(isNameStart, 'MNAME', 'value');
      case 'meta-name':
        if (first === QUOTE) return this.quoted('MNAME', 'meta-text', false, true);
        return this.name(isNameStart, 'MNAME', 'meta-text');
      case 'meta-text':
        if (first !== SPACE) return 'INVALID';
        this.while((byte) => byte !== NEWLINE);
        return this.at === this.end ? 'INVALID' : this.one('TEXT', 'init');
      case 'labels':
        return this.inLabels('labels', 'label-value', 'value', true);
      case 'label-value':
        return this.quoted('LVALUE', 'labels', true, false);
      case 'value':
        return first === OPEN ? this.one('BOPEN', 'labels') : this.#spaced('VALUE', 'timestamp');
      case 'timestamp':
        if (first === NEWLINE) return this.one('LINEBREAK', 'init');
        if (this.#isComment()) return this.#exemplar();
        return this.#spaced('TIMESTAMP', 'timestamp');
      case 'exemplar':
        return this.inLabels('exemplar', 'exemplar-value', 'exemplar-value', false);
      case 'exemplar-value':
        if (first === QUOTE) return this.quoted('LVALUE', 'exemplar', false, false);
        return this.#spaced('VALUE', 'exemplar-timestamp');
      case 'exemplar-timestamp':
        if (first === NEWLINE) return this.one('LINEBREAK', 'init');
        return this.#spaced('TIMESTAMP', 'exemplar-timestamp');
    }
  }

  #spaced(token: Token, next: LexerState): Token {
    if (this.peek() !== SPACE) return 'INVALID';
    this.at++;
    const start = this.at;
    this.while((byte) => byte !== SPACE && byte !== NEWLINE && byte !== NUL);
    if (this.at === start) return 'INVALID';
    this.state = next;
    return token;
  }

  #isComment(): boolean {
    const { bytes, at } = this;
    return at + 3 <= this.end && bytes[at] === SPACE && bytes[at + 1] === HASH && bytes[at + 2] === SPACE;
  }

  /** Only an exemplar can stand in a comment behind a value. */
  #exemplar(): Token {
    this.at += 3;
    return this.peek() === OPEN ? this.one('COMMENT', 'exemplar') : 'INVALID';
  }

  #comment(): Token {
    this.at++;
    if (this.peek() !== SPACE) return 'INVALID';
    this.at++;
    switch (this.peek()) {
      case HELP[0]:
        return this.#meta(HELP, 'HELP');
      case TYPE[0]:
        return this.#meta(TYPE, 'TYPE');
      case UNIT[0]:
        return this.#meta(UNIT, 'UNIT');
      default:
        if (!this.word(END)) return 'INVALID';
        if (this.peek() === NEWLINE && this.at < this.end) this.at++;
        this.state = 'init';
        return 'EOFWORD';
    }
  }

  #meta(word: Buffer, token: Token): Token {
    if (!this.word(word) || this.peek() !== SPACE) return 'INVALID';
    return this.one(token, 'meta-name');
  }
}
