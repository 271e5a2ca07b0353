/** Reads the text formats entry by entry, exactly as Prometheus reads them, its errors included.
 *  Source: prometheus v0.315.0, model/textparse/promparse.go and openmetricsparse.go. */
import { isUtf8 } from 'node:buffer';
import { formatGoFloat, parseGoFloat } from '@vigie/core/go-float';
import { quoteGo, quoteGoBytes } from '@vigie/core/go-quote';
import { LimitError } from '../errors.ts';
import type { EntryKind, EntryReader, Exemplar, MetricType } from './entry.ts';
import { ExpositionError, lineOf } from './exposition-error.ts';
import { formatOpenMetricsFloat } from './open-metrics-float.ts';
import { type SeriesLabels, sortLabels } from './series-labels.ts';
import { type LexerState, OpenMetricsLexer, PromLexer, type Token } from './text-lexer.ts';

/** What a reader takes at most. Prometheus' own limits on labels count after relabelling and are the scraper's. */
export interface TextLimits {
  /** Of one entry. */
  readonly lineBytes: number;
  /** Of one series. */
  readonly labels: number;
}

const QUOTE = 0x22;
/** A name that no label gave yet. */
const UNSET = -1;

interface Lexing {
  state: LexerState;
  start: number;
  at: number;
  lex(): Token;
}

abstract class TextReader implements EntryReader {
  type: MetricType = 'unknown';
  family = '';
  text = '';
  value = 0;
  timestampMs = Number.NaN;
  exemplar: Exemplar | undefined;
  valueStart = 0;
  dependsOnType = false;
  protected readonly bytes: Buffer;
  protected readonly end: number;
  protected readonly lexer: Lexing;
  start = 0;
  /** Start and end of the name, then of each label's name and value. */
  protected readonly offsets: number[] = [];
  readonly #limits: TextLimits;
  /** Prometheus puts a newline behind a body in the text format, which its errors show. */
  readonly #isNewlineBehind: boolean;

  constructor(bytes: Buffer, end: number, lexer: Lexing, limits: TextLimits, isNewlineBehind: boolean) {
    this.bytes = bytes;
    this.end = end;
    this.lexer = lexer;
    this.#limits = limits;
    this.#isNewlineBehind = isNewlineBehind;
  }

  get at(): number {
    return Math.min(this.lexer.at, this.end);
  }

  set at(value: number) {
    this.lexer.at = value;
    this.lexer.state = 'init';
  }

  abstract next(): EntryKind;
  abstract rest(start: number, valueStart: number): void;
  protected abstract token(): Token;
  protected abstract endOfSeries(token: Token): void;

  labels(): SeriesLabels {
    const { offsets } = this;
    const flat: string[] = ['__name__', this.#name(offsets[0]!, offsets[1]!)];
    this.dependsOnType = false;
    const normalised = this.type === 'histogram' ? 'le' : this.type === 'summary' ? 'quantile' : undefined;
    for (let index = 2; index < offsets.length; index += 4) {
      const name = this.#name(offsets[index]!, offsets[index + 1]!);
      let value = this.unescaped(offsets[index + 2]!, offsets[index + 3]!);
      if (name === 'le' || name === 'quantile') this.dependsOnType = true;
      if (name === normalised) {
        const number = parseGoFloat(value);
        if (typeof number === 'number') value = formatOpenMetricsFloat(number);
      }
      flat.push(name, value);
    }
    const twice = sortLabels(flat);
    if (twice !== undefined) throw this.error(`label name ${quoteGo(twice)} is not unique: invalid sample`);
    return flat;
  }

  #name(start: number, end: number): string {
    const name = this.unescaped(start, end);
    // Unescaped names of bytes that are not UTF-8 would be other names.
    if (!isUtf8(this.bytes.subarray(start, end)) || name === '') {
      throw this.error(`invalid metric name or label names: ${this.quoted(this.start, this.valueStart)}`);
    }
    return name;
  }

  protected unescaped(start: number, end: number): string {
    const text = this.bytes.toString('utf8', start, end);
    return text.includes('\\') ? text.replace(LABEL_ESCAPE, unescapeOne) : text;
  }

  protected begin(): void {
    const { lexer } = this;
    this.start = lexer.at;
    this.offsets.length = 0;
    this.exemplar = undefined;
    this.timestampMs = Number.NaN;
  }

  /** The labels of a series, up to its closing brace. */
  protected series(first: Token): Token {
    const { lexer, offsets } = this;
    if (first === 'BOPEN') {
      offsets.push(UNSET, UNSET);
      this.pairs(offsets, false);
      return this.token();
    }
    offsets.push(this.start, lexer.at);
    const behind = this.token();
    if (behind !== 'BOPEN') return behind;
    this.pairs(offsets, false);
    return this.token();
  }

  /** @param isStrict a pair is followed by a comma or the brace */
  protected labelPairs(offsets: number[], isExemplar: boolean, isStrict: boolean): void {
    const { lexer } = this;
    let token = this.token();
    for (;;) {
      let nameStart = lexer.start;
      let nameEnd = lexer.at;
      if (token === 'BCLOSE') return;
      if (token !== 'LNAME' && token !== 'QSTRING') throw this.unexpected('expected label name', token);
      const isQuoted = token === 'QSTRING';
      token = this.token();
      if (isQuoted && (token === 'COMMA' || token === 'BCLOSE')) {
        if (isExemplar) throw this.unexpected('expected label name', token);
        if (offsets[0] !== UNSET) {
          throw this.error(`metric name already set while parsing: ${this.quoted(this.start, lexer.at)}`);
        }
        offsets[0] = nameStart + 1;
        offsets[1] = nameEnd - 1;
        if (token === 'BCLOSE') return;
        token = this.token();
        continue;
      }
      if (this.bytes[nameStart] === QUOTE) {
        nameStart++;
        nameEnd--;
      }
      if (token !== 'EQUAL') throw this.unexpected('expected equal', token);
      const value = this.token();
      if (value !== 'LVALUE') throw this.unexpected('expected label value', value);
      if (!isUtf8(this.bytes.subarray(lexer.start, lexer.at))) {
        throw this.error(`invalid UTF-8 label value: ${this.quoted(lexer.start, lexer.at)}`);
      }
      if (offsets.length >= 4 * this.#limits.labels) throw new LimitError('labels of a series', this.#limits.labels);
      offsets.push(nameStart, nameEnd, lexer.start + 1, lexer.at - 1);
      token = this.token();
      if (token === 'COMMA') token = this.token();
      else if (isStrict && token !== 'BCLOSE') throw this.unexpected('expected comma or brace close', token);
    }
  }

  protected abstract pairs(offsets: number[], isExemplar: boolean): void;

  protected requireName(): void {
    if (this.offsets[0] !== UNSET) return;
    throw this.error(`metric name not set while parsing: ${this.quoted(this.start, this.lexer.at)}`);
  }

  /** @param start of the number within the token, which may begin with a space */
  protected float(start: number): number {
    const text = this.bytes.toString('latin1', start, this.lexer.at);
    const parsed = /[pP_]/.test(text) ? 'unsupported' : parseGoFloat(text);
    if (typeof parsed === 'number') return parsed;
    const shown = quoteGoBytes(this.bytes.subarray(start, this.lexer.at));
    const what =
      parsed === 'unsupported' ? 'unsupported character in float' : `strconv.ParseFloat: parsing ${shown}: ${parsed}`;
    throw this.error(`${what} while parsing: ${this.quoted(this.start, this.lexer.at)}`);
  }

  /** The name behind HELP, TYPE or UNIT. */
  protected familyName(keyword: Token): void {
    const { lexer, bytes } = this;
    const token = this.token();
    if (token !== 'MNAME') throw this.unexpected(`expected metric name after ${keyword}`, token);
    const isQuoted = bytes[lexer.start] === QUOTE && bytes[lexer.at - 1] === QUOTE;
    this.family = bytes.toString('utf8', lexer.start + (isQuoted ? 1 : 0), lexer.at - (isQuoted ? 1 : 0));
  }

  protected helpText(start: number, end: number, escapes: RegExp): string {
    const bytes = this.bytes.subarray(start, end);
    if (!isUtf8(bytes)) throw this.error(`help text ${quoteGoBytes(bytes)} is not a valid utf8 string`);
    const text = bytes.toString();
    return text.includes('\\') ? text.replace(escapes, unescapeOne) : text;
  }

  protected metricType(start: number, end: number, types: Readonly<Record<string, MetricType>>): MetricType {
    const name = this.bytes.toString('utf8', start, end);
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) {
      throw this.error(`invalid metric type ${quoteGoBytes(this.bytes.subarray(start, end))}`);
    }
    return type;
  }

  protected checkLength(): void {
    if (this.lexer.at - this.start > this.#limits.lineBytes)
      throw new LimitError('bytes in a line', this.#limits.lineBytes);
  }

  protected unexpected(expected: string, token: Token): ExpositionError {
    const { start, at } = this.lexer;
    return this.error(
      `${expected}, got ${this.quoted(start, at + 1)} ("${token}") while parsing: ${this.quoted(this.start, at + 1)}`,
    );
  }

  protected quoted(start: number, end: number): string {
    const shown = this.bytes.subarray(start, Math.min(end, this.end));
    return quoteGoBytes(end > this.end && this.#isNewlineBehind ? Buffer.concat([shown, Buffer.from('\n')]) : shown);
  }

  protected error(what: string): ExpositionError {
    return new ExpositionError(what, lineOf(this.bytes, Math.min(this.start, this.end)));
  }
}

const LABEL_ESCAPE = /\\(["\\n])/g;
const HELP_ESCAPE = /\\([\\n])/g;

function unescapeOne(_whole: string, character: string): string {
  return character === 'n' ? '\n' : character;
}

const PROM_TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  untyped: 'unknown',
};

/** Text format 0.0.4 and 1.0.0. */
export class PromReader extends TextReader {
  constructor(bytes: Buffer, end: number, limits: TextLimits) {
    super(bytes, end, new PromLexer(bytes, end), limits, true);
  }

  next(): EntryKind {
    for (;;) {
      this.begin();
      const token = this.token();
      switch (token) {
        case 'EOF':
          return 'end';
        case 'LINEBREAK':
          continue;
        case 'HELP':
        case 'TYPE':
          return this.#metadata(token);
        case 'COMMENT':
          this.checkLength();
          this.token();
          return 'comment';
        case 'BOPEN':
        case 'MNAME':
          this.endOfSeries(this.series(token));
          this.checkLength();
          return 'series';
        default:
          throw this.unexpected('expected a valid start token', token);
      }
    }
  }

  #metadata(keyword: 'HELP' | 'TYPE'): EntryKind {
    const { lexer } = this;
    this.familyName(keyword);
    const token = this.token();
    if (token !== 'TEXT') throw this.error(`expected text in ${keyword}, got ${token}`);
    // The first byte is the blank behind the name.
    const start = Math.min(lexer.start + 1, lexer.at);
    if (keyword === 'TYPE') {
      this.type = this.metricType(start, lexer.at, PROM_TYPES);
      this.text = this.type;
    } else this.text = this.helpText(start, lexer.at, HELP_ESCAPE);
    this.checkLength();
    this.token();
    return keyword === 'TYPE' ? 'type' : 'help';
  }

  rest(start: number, valueStart: number): void {
    this.begin();
    this.start = start;
    this.lexer.at = valueStart;
    this.lexer.state = 'value';
    this.endOfSeries(this.token());
    this.checkLength();
  }

  protected pairs(offsets: number[], isExemplar: boolean): void {
    this.labelPairs(offsets, isExemplar, false);
  }

  protected endOfSeries(token: Token): void {
    const { lexer } = this;
    this.requireName();
    if (token !== 'VALUE') throw this.unexpected('expected value after metric', token);
    this.valueStart = lexer.start;
    this.value = this.float(lexer.start);
    const behind = this.token();
    if (behind === 'LINEBREAK') return;
    if (behind !== 'TIMESTAMP') throw this.unexpected('expected timestamp or new record', behind);
    const digits = this.bytes.toString('latin1', lexer.start, lexer.at);
    if (digits.length > 15 && BigInt(digits) >= 2n ** 63n) {
      const what = `strconv.ParseInt: parsing "${digits}": value out of range`;
      throw this.error(`${what} while parsing: ${this.quoted(this.start, lexer.at)}`);
    }
    this.timestampMs = Number(digits);
    const last = this.token();
    if (last !== 'LINEBREAK') throw this.unexpected('expected next entry after timestamp', last);
  }

  protected token(): Token {
    for (;;) {
      const token = this.lexer.lex();
      if (token !== 'WHITESPACE') return token;
    }
  }
}

const OPEN_METRICS_TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  unknown: 'unknown',
};

/** OpenMetrics 1.0 and 0.0.1. */
export class OpenMetricsReader extends TextReader {
  constructor(bytes: Buffer, end: number, limits: TextLimits) {
    super(bytes, end, new OpenMetricsLexer(bytes, end), limits, false);
  }

  next(): EntryKind {
    this.begin();
    const token = this.token();
    switch (token) {
      case 'EOFWORD':
        if (this.token() !== 'EOF') throw this.error('unexpected data after # EOF');
        return 'end';
      case 'EOF':
        throw this.error('data does not end with # EOF');
      case 'HELP':
      case 'TYPE':
      case 'UNIT':
        return this.#metadata(token);
      case 'BOPEN':
      case 'MNAME':
        this.endOfSeries(this.series(token));
        this.checkLength();
        return 'series';
      default:
        throw this.unexpected('expected a valid start token', token);
    }
  }

  #metadata(keyword: 'HELP' | 'TYPE' | 'UNIT'): EntryKind {
    const { lexer } = this;
    this.familyName(keyword);
    if (this.token() !== 'TEXT') throw this.error(`expected text in ${keyword}`);
    const start = lexer.start + 1;
    const end = lexer.at - 1;
    this.checkLength();
    switch (keyword) {
      case 'TYPE':
        this.type = this.metricType(start, end, OPEN_METRICS_TYPES);
        this.text = this.type;
        return 'type';
      case 'HELP':
        this.text = this.helpText(start, end, LABEL_ESCAPE);
        return 'help';
      case 'UNIT': {
        this.text = this.bytes.toString('utf8', start, end);
        if (this.text !== '' && !this.family.endsWith(`_${this.text}`)) {
          const unit = quoteGoBytes(this.bytes.subarray(start, end));
          throw this.error(`unit ${unit} not a suffix of metric ${quoteGo(this.family)}`);
        }
        return 'unit';
      }
    }
  }

  rest(start: number, valueStart: number): void {
    this.begin();
    this.start = start;
    this.lexer.at = valueStart - 1;
    this.lexer.state = 'value';
    this.endOfSeries(this.token());
    this.checkLength();
  }

  protected pairs(offsets: number[], isExemplar: boolean): void {
    this.labelPairs(offsets, isExemplar, true);
  }

  protected endOfSeries(token: Token): void {
    this.requireName();
    this.value = this.#floatValue(token, 'metric');
    this.valueStart = this.lexer.start + 1;
    const behind = this.token();
    switch (behind) {
      case 'EOF':
        throw this.error('data does not end with # EOF');
      case 'COMMENT':
        this.#readExemplar();
        return;
      case 'TIMESTAMP': {
        this.timestampMs = this.#milliseconds('timestamp');
        const last = this.token();
        if (last === 'COMMENT') this.#readExemplar();
        else if (last !== 'LINEBREAK') throw this.unexpected('expected next entry after timestamp', last);
        return;
      }
      default:
      // The next entry begins where nothing can begin, and says so.
    }
  }

  #floatValue(token: Token, after: string): number {
    if (token !== 'VALUE') throw this.unexpected(`expected value after ${after}`, token);
    return this.float(this.lexer.start + 1);
  }

  #milliseconds(what: string): number {
    const seconds = this.float(this.lexer.start + 1);
    if (!Number.isFinite(seconds)) throw this.error(`invalid ${what} ${formatGoFloat(seconds, 'f', 6)}`);
    return Math.trunc(seconds * 1000);
  }

  #readExemplar(): void {
    const offsets: number[] = [];
    this.pairs(offsets, true);
    const value = this.#floatValue(this.token(), 'exemplar labels');
    let timestampMs: number | undefined;
    const behind = this.token();
    switch (behind) {
      case 'EOF':
        throw this.error('data does not end with # EOF');
      case 'LINEBREAK':
        break;
      case 'TIMESTAMP': {
        timestampMs = this.#milliseconds('exemplar timestamp');
        const last = this.token();
        if (last !== 'LINEBREAK') throw this.unexpected('expected next entry after exemplar timestamp', last);
        break;
      }
      default:
        throw this.unexpected('expected timestamp or comment', behind);
    }
    const labels: string[] = [];
    for (let index = 0; index < offsets.length; index += 2) {
      labels.push(this.unescaped(offsets[index]!, offsets[index + 1]!));
    }
    sortLabels(labels);
    this.exemplar = { labels, value, timestampMs };
  }

  protected token(): Token {
    return this.lexer.lex();
  }
}
