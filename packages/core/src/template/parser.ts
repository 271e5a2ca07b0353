/** Reads a template into its tree. Source: Go 1.26, text/template/parse/parse.go. */
import { quoteGo, unescapeGo, unquoteGo } from '../go-quote.ts';
import { type Delimiters, Lexer, showToken, type Token, type TokenKind } from './lexer.ts';
import {
  type BranchNode,
  type CommandNode,
  type ListEnd,
  type ListNode,
  type NumberNode,
  type Operand,
  type PipeNode,
  type Statement,
  showNode,
  type VariableNode,
} from './nodes.ts';
import { TemplateError } from './template-error.ts';

/** One template of a source; several may be defined in one. */
export interface Tree {
  readonly name: string;
  /** Of the source, as errors name it. */
  readonly sourceName: string;
  readonly source: string;
  readonly root: ListNode;
}

/** Of parentheses, and of `if`, `range` and `with` in one another: the parser calls itself for each. */
const MAX_DEPTH = 500;

/** @param isFunction whether there is a function of that name
 *  @param trees takes the templates, by name
 *  @throws {TemplateError} TEMPLATE_INVALID */
export function parseTemplate(
  name: string,
  source: string,
  delimiters: Delimiters,
  isFunction: (name: string) => boolean,
  trees: Map<string, Tree>,
): void {
  new Parser(name, source, delimiters, isFunction, trees).parse();
}

const NONE: Token = { kind: 'eof', position: 0, text: '', line: 0 };

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #isFunction: (name: string) => boolean;
  readonly #trees: Map<string, Tree>;
  readonly #lexer: Lexer;
  /** The token at hand and those that were put back. */
  readonly #tokens: [Token, Token, Token] = [NONE, NONE, NONE];
  #peeked = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #parenthesisDepth = 0;
  #controlDepth = 0;
  #actionLine = 0;

  constructor(
    name: string,
    source: string,
    delimiters: Delimiters,
    isFunction: (name: string) => boolean,
    trees: Map<string, Tree>,
  ) {
    this.#name = name;
    this.#source = source;
    this.#isFunction = isFunction;
    this.#trees = trees;
    this.#lexer = new Lexer(source, delimiters);
  }

  parse(): void {
    const nodes: Statement[] = [];
    const position = this.#peek().position;
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'left delimiter') {
        const delimiter = this.#next();
        if (this.#nextNonSpace().kind === 'define') {
          this.#definition();
          continue;
        }
        this.#backup2(delimiter);
      }
      const node = this.#textOrAction();
      if (isEnd(node)) throw this.#error(`unexpected ${showNode(node)}`);
      nodes.push(node);
    }
    this.#add(this.#name, { kind: 'list', position, nodes });
  }

  #next(): Token {
    if (this.#peeked > 0) this.#peeked--;
    else this.#tokens[0] = this.#lexer.next();
    return this.#tokens[this.#peeked]!;
  }

  #backup(): void {
    this.#peeked++;
  }

  #backup2(first: Token): void {
    this.#tokens[1] = first;
    this.#peeked = 2;
  }

  #backup3(second: Token, first: Token): void {
    this.#tokens[1] = first;
    this.#tokens[2] = second;
    this.#peeked = 3;
  }

  #peek(): Token {
    if (this.#peeked > 0) return this.#tokens[this.#peeked - 1]!;
    this.#peeked = 1;
    this.#tokens[0] = this.#lexer.next();
    return this.#tokens[0];
  }

  #nextNonSpace(): Token {
    for (;;) {
      const token = this.#next();
      if (token.kind !== 'space') return token;
    }
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace();
    this.#backup();
    return token;
  }

  #error(message: string): TemplateError {
    return new TemplateError('TEMPLATE_INVALID', `template: ${this.#name}:${this.#tokens[0].line}: ${message}`);
  }

  #unexpected(token: Token, context: string): TemplateError {
    if (token.kind !== 'error') return this.#error(`unexpected ${showToken(token)} in ${context}`);
    let extra = '';
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      extra = ` in action started at ${this.#name}:${this.#actionLine}`;
      if (token.text.endsWith(' action')) extra = extra.slice(' in action'.length);
    }
    return this.#error(token.text + extra);
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) throw this.#unexpected(token, context);
    return token;
  }

  #add(name: string, root: ListNode): void {
    const known = this.#trees.get(name);
    if (known === undefined || isEmpty(known.root)) {
      this.#trees.set(name, { name, sourceName: this.#name, source: this.#source, root });
    } else if (!isEmpty(root)) throw this.#error(`template: multiple definition of template ${quoteGo(name)}`);
  }

  /** A template within the source has variables of its own. */
  #inOwnScope<T>(read: () => T): T {
    const { variables, rangeDepth } = { variables: this.#variables, rangeDepth: this.#rangeDepth };
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const result = read();
    this.#variables = variables;
    this.#rangeDepth = rangeDepth;
    return result;
  }

  #definition(): void {
    const context = 'define clause';
    const token = this.#nextNonSpace();
    if (token.kind !== 'string' && token.kind !== 'raw string') throw this.#unexpected(token, context);
    const name = this.#unquoted(token);
    this.#expect('right delimiter', context);
    const { list, end } = this.#inOwnScope(() => this.#list());
    if (end.kind !== 'end') throw this.#error(`unexpected ${showNode(end)} in ${context}`);
    this.#add(name, list);
  }

  #list(): { readonly list: ListNode; readonly end: ListEnd } {
    const nodes: Statement[] = [];
    const { position } = this.#peekNonSpace();
    while (this.#peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction();
      if (isEnd(node)) return { list: { kind: 'list', position, nodes }, end: node };
      nodes.push(node);
    }
    throw this.#error('unexpected EOF');
  }

  #textOrAction(): Statement | ListEnd {
    const token = this.#nextNonSpace();
    if (token.kind === 'text') return { kind: 'text', position: token.position, text: token.text };
    if (token.kind !== 'left delimiter') throw this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Statement | ListEnd {
    const token = this.#nextNonSpace();
    switch (token.kind) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#jump(token.kind, token);
      case 'else':
        return this.#else();
      case 'end':
        return { kind: 'end', position: this.#expect('right delimiter', 'end').position };
      case 'if':
      case 'range':
      case 'with':
        return this.#control(token.kind);
      case 'template':
        return this.#template();
      default: {
        this.#backup();
        const { position } = this.#peek();
        return { kind: 'action', position, pipe: this.#pipeline('command', 'right delimiter') };
      }
    }
  }

  #jump(kind: 'break' | 'continue', { position }: Token): Statement {
    const token = this.#nextNonSpace();
    if (token.kind !== 'right delimiter') throw this.#unexpected(token, `{{${kind}}}`);
    if (this.#rangeDepth === 0) throw this.#error(`{{${kind}}} outside {{range}}`);
    return { kind, position };
  }

  #else(): ListEnd {
    const peeked = this.#peekNonSpace();
    if (peeked.kind === 'if' || peeked.kind === 'with') return { kind: 'else', position: peeked.position };
    return { kind: 'else', position: this.#expect('right delimiter', 'else').position };
  }

  #control(kind: 'if' | 'range' | 'with'): BranchNode {
    if (++this.#controlDepth > MAX_DEPTH) throw this.#error('max nesting depth exceeded');
    const variables = this.#variables.length;
    const pipe = this.#pipeline(kind, 'right delimiter');
    if (kind === 'range') this.#rangeDepth++;
    const { list, end } = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = end.kind === 'else' ? this.#otherwise(kind, end) : undefined;
    this.#variables.length = variables;
    this.#controlDepth--;
    return { kind, position: pipe.position, pipe, list, otherwise };
  }

  /** `{{else if a}}` is `{{else}}{{if a}}` with one `{{end}}` for both. */
  #otherwise(kind: 'if' | 'range' | 'with', { position }: ListEnd): ListNode {
    if (kind !== 'range' && this.#peek().kind === kind) {
      this.#next();
      return { kind: 'list', position, nodes: [this.#control(kind)] };
    }
    const { list, end } = this.#list();
    if (end.kind !== 'end') throw this.#error(`expected end; found ${showNode(end)}`);
    return list;
  }

  #block(): Statement {
    const context = 'block clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, 'right delimiter');
    const { list, end } = this.#inOwnScope(() => this.#list());
    if (end.kind !== 'end') throw this.#error(`unexpected ${showNode(end)} in ${context}`);
    this.#add(name, list);
    return { kind: 'template', position: token.position, name, pipe };
  }

  #template(): Statement {
    const context = 'template clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    let pipe: PipeNode | undefined;
    if (this.#nextNonSpace().kind !== 'right delimiter') {
      this.#backup();
      pipe = this.#pipeline(context, 'right delimiter');
    }
    return { kind: 'template', position: token.position, name, pipe };
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'raw string') throw this.#unexpected(token, context);
    return this.#unquoted(token);
  }

  #unquoted({ text }: Token): string {
    const unquoted = unquoteGo(text);
    if (unquoted === undefined) throw this.#error('invalid syntax');
    return unquoted;
  }

  #pipeline(context: string, end: TokenKind): PipeNode {
    const { position } = this.#peekNonSpace();
    const variables: VariableNode[] = [];
    let isAssignment = false;
    for (let more = true; more; ) {
      more = false;
      const variable = this.#peekNonSpace();
      if (variable.kind !== 'variable') break;
      this.#next();
      // `$x foo` is told from `$x := foo` three tokens later only.
      const behind = this.#peek();
      const next = this.#peekNonSpace();
      if (next.kind === 'assign' || next.kind === 'declare') {
        isAssignment = next.kind === 'assign';
        this.#nextNonSpace();
        this.#declare(variable, variables);
      } else if (next.kind === 'char' && next.text === ',') {
        this.#nextNonSpace();
        this.#declare(variable, variables);
        if (context !== 'range' || variables.length >= 2) throw this.#error(`too many declarations in ${context}`);
        const { kind } = this.#peekNonSpace();
        if (kind !== 'variable' && kind !== 'right delimiter' && kind !== 'right parenthesis') {
          throw this.#error('range can only initialize variables');
        }
        more = true;
      } else if (behind.kind === 'space') this.#backup3(variable, behind);
      else this.#backup2(variable);
    }
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind === end) break;
      if (!OPERANDS.has(token.kind)) throw this.#unexpected(token, context);
      this.#backup();
      commands.push(this.#command());
    }
    this.#checkCommands(commands, context);
    return { kind: 'pipe', position, isAssignment, variables, commands };
  }

  #declare({ position, text }: Token, variables: VariableNode[]): void {
    variables.push({ kind: 'variable', position, names: text.split('.') });
    this.#variables.push(text);
  }

  #checkCommands(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) throw this.#error(`missing value for ${context}`);
    for (const [index, { args }] of commands.entries()) {
      if (index > 0 && LITERALS.has(args[0]?.kind ?? '')) {
        throw this.#error(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  #command(): CommandNode {
    const { position } = this.#peekNonSpace();
    const args: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right delimiter' || token.kind === 'right parenthesis') this.#backup();
      else if (token.kind !== 'pipe') throw this.#unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) throw this.#error('empty command');
    return { kind: 'command', position, args };
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (node === undefined || this.#peek().kind !== 'field') return node;
    const { position } = this.#peek();
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1));
    if (node.kind === 'field') return { kind: 'field', position, names: [...node.names, ...names] };
    if (node.kind === 'variable') return { kind: 'variable', position, names: [...node.names, ...names] };
    if (LITERALS.has(node.kind)) throw this.#error(`unexpected . after term ${quoteGo(showNode(node))}`);
    return { kind: 'chain', position, operand: node, names };
  }

  #term(): Operand | undefined {
    const token = this.#nextNonSpace();
    const { position, text } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.#isFunction(text)) throw this.#error(`function ${quoteGo(text)} not defined`);
        return { kind: 'identifier', position, name: text };
      case 'dot':
      case 'nil':
        return { kind: token.kind, position };
      case 'variable':
        if (!this.#variables.includes(text)) throw this.#error(`undefined variable ${quoteGo(text)}`);
        return { kind: 'variable', position, names: [text] };
      case 'field':
        return { kind: 'field', position, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', position, value: text === 'true' };
      case 'char constant':
      case 'number': {
        const number = parseNumber(text, position);
        if (typeof number === 'string') throw this.#error(number);
        return number;
      }
      case 'left parenthesis': {
        if (++this.#parenthesisDepth > MAX_DEPTH) throw this.#error('max expression depth exceeded');
        const pipe = this.#pipeline('parenthesized pipeline', 'right parenthesis');
        this.#parenthesisDepth--;
        return pipe;
      }
      case 'string':
      case 'raw string':
        return { kind: 'string', position, source: text, text: this.#unquoted(token) };
      default:
        this.#backup();
        return undefined;
    }
  }
}

const LITERALS: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string']);
const OPERANDS: ReadonlySet<TokenKind> = new Set([
  ...(['bool', 'char constant', 'dot', 'field', 'identifier', 'number', 'nil', 'raw string', 'string'] as const),
  ...(['variable', 'left parenthesis'] as const),
]);

function isEnd(node: Statement | ListEnd): node is ListEnd {
  return node.kind === 'end' || node.kind === 'else';
}

/** Whether it has nothing but space. */
function isEmpty({ nodes }: ListNode): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}

const MAX_INT64 = 2n ** 63n - 1n;
const INTEGER = /^([+-]?)(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** @returns what is wrong with it, as text */
function parseNumber(text: string, position: number): NumberNode | string {
  if (text.startsWith("'")) {
    const characters = Array.from(unescapeGo(text.slice(1, -1), "'") ?? '');
    if (characters.length === 0) return 'invalid syntax';
    if (characters.length !== 1) return `malformed character constant: ${text}`;
    const point = characters[0]?.codePointAt(0) ?? 0;
    return { kind: 'number', position, text, int: BigInt(point), float: point, isFloat: false };
  }
  const match = INTEGER.exec(text);
  if (match !== null) {
    const digits = text.slice(match[1]?.length).replaceAll('_', '');
    const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
    const size = BigInt(octal);
    const int = match[1] === '-' ? -size : size;
    if (int > MAX_INT64 * 2n + 1n || int < -MAX_INT64 - 1n) return `integer overflow: ${quoteGo(text)}`;
    return { kind: 'number', position, text, int, float: Number(int), isFloat: false };
  }
  if (!FLOAT.test(text)) return `illegal number syntax: ${quoteGo(text)}`;
  if (!/[.eE]/.test(text)) return `integer overflow: ${quoteGo(text)}`;
  const float = Number(text);
  if (!Number.isFinite(float)) return `illegal number syntax: ${quoteGo(text)}`;
  const isWhole = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  return {
    kind: 'number',
    position,
    text,
    int: isWhole ? BigInt(float) : undefined,
    float,
    isFloat: /[.eE]/.test(text),
  };
}
