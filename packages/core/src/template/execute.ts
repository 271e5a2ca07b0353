/** Runs a template's tree over data. Source: Go 1.26, text/template/exec.go. */
import { assertNever } from '../errors.ts';
import { quoteGo } from '../go-quote.ts';
import { BUILTINS } from './builtins.ts';
import { print } from './format.ts';
import { goDuration } from './go-time.ts';
import {
  type BranchNode,
  type ChainNode,
  type CommandNode,
  type ListNode,
  type Node,
  type NumberNode,
  type Operand,
  type PipeNode,
  type Statement,
  showNode,
} from './nodes.ts';
import type { Tree } from './parser.ts';
import { TemplateError, TemplateFunctionError } from './template-error.ts';
import {
  type FunctionMap,
  GoFunction,
  GoList,
  GoMap,
  GoStruct,
  isTrue,
  type ParameterType,
  sortedEntries,
  typeOf,
  type Value,
} from './values.ts';

/** What a map gives for a key that it does not have, Go's option `missingkey`. */
export type MissingKey = 'default' | 'zero' | 'error';

export interface ExecutionLimits {
  /** Of what is written, and of each text on the way. */
  readonly outputBytes: number;
  /** Of templates that call one another. */
  readonly depth: number;
  /** Statements and commands. */
  readonly steps: number;
}

/** Makes what a template writes fit for where it stands, as html/template does; it is asked in the order of the output. */
export interface Escaping {
  /** @returns in place of the template's own text */
  readonly text: (source: string) => string;
  /** @param printed '' for nil
   *  @param last the function that gave the value, which may have escaped it; undefined where it is none
   *  @throws {TemplateFunctionError} the value may not stand there */
  readonly value: (value: Value, printed: string, last: string | undefined) => string;
}

export interface Execution {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly functions: FunctionMap;
  readonly missingKey: MissingKey;
  readonly limits: ExecutionLimits;
  readonly escaping?: Escaping | undefined;
}

/** Thrown by a function to leave the template as it is, whatever called it. */
export class Interruption extends Error {}

/** @throws {TemplateError} TEMPLATE_FAILED */
export function execute(tree: Tree, data: Value, execution: Execution): string {
  const output = new Output(execution.limits.outputBytes);
  new Frame(tree, data, execution, output, 0).walk();
  return output.text;
}

class Output {
  text = '';
  readonly #maxBytes: number;
  #bytes = 0;
  steps = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns false where it would be too much */
  write(text: string): boolean {
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > this.#maxBytes) return false;
    this.text += text;
    return true;
  }
}

interface Variable {
  readonly name: string;
  value: Value;
}

type Jump = 'break' | 'continue' | undefined;

const INTERFACE = 'interface {}';

/** In place of the value that a pipeline hands on, where there is none: nil is one. */
const MISSING = Symbol('missing');
type Final = Value | typeof MISSING;

/** One call of a template. */
class Frame {
  readonly #tree: Tree;
  readonly #data: Value;
  readonly #execution: Execution;
  readonly #output: Output;
  readonly #depth: number;
  readonly #variables: Variable[];
  /** What errors point at. */
  #node: Node;
  /** Whether the value that a field gave last stood where anything may stand, as Go's errors tell. */
  #isInterface = false;

  constructor(tree: Tree, data: Value, execution: Execution, output: Output, depth: number) {
    this.#tree = tree;
    this.#data = data;
    this.#execution = execution;
    this.#output = output;
    this.#depth = depth;
    this.#variables = [{ name: '$', value: data }];
    this.#node = tree.root;
  }

  walk(): void {
    this.#walkList(this.#data, this.#tree.root);
  }

  #error(message: string, cause?: unknown): TemplateError {
    const { name, sourceName, source } = this.#tree;
    const before = source.slice(0, this.#node.position);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(lineStart));
    const where = `template: ${sourceName}:${line}:${column}: executing ${quoteGo(name)} at <${showNode(this.#node)}>`;
    return new TemplateError('TEMPLATE_FAILED', `${where}: ${message}`, cause === undefined ? {} : { cause });
  }

  #step(node: Node): void {
    this.#node = node;
    const { steps } = this.#execution.limits;
    if (++this.#output.steps > steps) throw this.#error(`exceeded ${steps} steps`);
  }

  #write(text: string): void {
    if (!this.#output.write(text)) {
      throw this.#error(`exceeded ${this.#execution.limits.outputBytes} bytes of output`);
    }
  }

  #walkList(dot: Value, { nodes }: ListNode): Jump {
    for (const node of nodes) {
      const jump = this.#walk(dot, node);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #walk(dot: Value, node: Statement): Jump {
    this.#step(node);
    switch (node.kind) {
      case 'text':
        this.#write(this.#execution.escaping?.text(node.text) ?? node.text);
        return undefined;
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.variables.length === 0) this.#print(node, node.pipe, value);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'if':
      case 'with':
        return this.#ifOrWith(dot, node);
      case 'range':
        this.#range(dot, node);
        return undefined;
      case 'template':
        this.#template(dot, node.name, node.pipe);
        return undefined;
      default:
        return assertNever(node);
    }
  }

  #print(node: Statement, pipe: PipeNode, value: Value): void {
    this.#node = node;
    if (value instanceof GoFunction) throw this.#error(`can't print ${showNode(node)} of type ${typeOf(value)}`);
    const { escaping } = this.#execution;
    if (escaping === undefined) this.#write(value === undefined ? '<no value>' : print([pointee(value)]));
    else this.#write(this.#escaped(escaping, value, pipe));
  }

  #escaped(escaping: Escaping, value: Value, { commands }: PipeNode): string {
    const last = commands.at(-1)?.args[0];
    try {
      const printed = value === undefined ? '' : print([pointee(value)]);
      return escaping.value(value, printed, last?.kind === 'identifier' ? last.name : undefined);
    } catch (error) {
      if (error instanceof TemplateFunctionError) throw this.#error(error.message, error);
      throw error;
    }
  }

  #ifOrWith(dot: Value, node: BranchNode): Jump {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    let jump: Jump;
    if (isTrue(value)) jump = this.#walkList(node.kind === 'with' ? value : dot, node.list);
    else if (node.otherwise !== undefined) jump = this.#walkList(dot, node.otherwise);
    this.#variables.length = mark;
    return jump;
  }

  #range(dot: Value, node: BranchNode): void {
    const outer = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    const mark = this.#variables.length;
    let count = 0;
    for (const [index, element] of this.#elements(node, value)) {
      count++;
      // A body without statements takes a step too: ranging over a number could go on for ever.
      this.#step(node);
      this.#setLoopVariables(node.pipe, index, element);
      const jump = this.#walkList(element, node.list);
      this.#variables.length = mark;
      if (jump === 'break') break;
    }
    if (count === 0 && node.otherwise !== undefined) this.#walkList(dot, node.otherwise);
    this.#variables.length = outer;
  }

  *#elements(node: BranchNode, value: Value): Generator<readonly [Value, Value]> {
    if (value === undefined) return;
    if (value instanceof GoList) {
      for (const [index, item] of value.items.entries()) yield [BigInt(index), item];
    } else if (value instanceof GoMap) yield* sortedEntries(value);
    else if (typeof value === 'bigint') {
      if (node.pipe.variables.length > 1) {
        throw this.#error(`can't use ${value} to iterate over more than one variable`);
      }
      for (let index = 0n; index < value; index++) yield [undefined, index];
    } else throw this.#error(`range can't iterate over ${print([pointee(value)])}`);
  }

  #setLoopVariables({ variables, isAssignment }: PipeNode, index: Value, element: Value): void {
    const [first, second] = variables;
    if (first === undefined) return;
    const values = second === undefined ? [element] : [index, element];
    for (const [at, { names }] of variables.entries()) {
      const target = isAssignment
        ? this.#variable(names[0]!)
        : this.#variables[this.#variables.length - variables.length + at]!;
      target.value = values[at];
    }
  }

  #template(dot: Value, name: string, pipe: PipeNode | undefined): void {
    const tree = this.#execution.trees.get(name);
    if (tree === undefined) throw this.#error(`template ${quoteGo(name)} not defined`);
    const { depth } = this.#execution.limits;
    if (this.#depth === depth) throw this.#error(`exceeded maximum template depth (${depth})`);
    const data = pipe === undefined ? undefined : this.#pipeline(dot, pipe);
    new Frame(tree, data, this.#execution, this.#output, this.#depth + 1).walk();
  }

  #variable(name: string): Variable {
    const variable = this.#variables.findLast((one) => one.name === name);
    if (variable === undefined) throw this.#error(`undefined variable: ${name}`);
    return variable;
  }

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#step(pipe);
    let value: Final = MISSING;
    for (const command of pipe.commands) value = this.#command(dot, command, value);
    const result = value === MISSING ? undefined : value;
    for (const { names } of pipe.variables) {
      if (pipe.isAssignment) this.#variable(names[0]!).value = result;
      else this.#variables.push({ name: names[0]!, value: result });
    }
    return result;
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    const [first, ...rest] = command.args;
    if (first === undefined) return undefined;
    switch (first.kind) {
      case 'field':
        this.#node = first;
        return this.#fieldChain(dot, dot, first, first.names, rest, final);
      case 'chain':
        return this.#chain(dot, first, rest, final);
      case 'identifier':
        this.#node = first;
        return this.#function(dot, first.name, command, rest, final);
      case 'pipe':
        this.#refuseArguments(first, rest, final);
        return this.#pipeline(dot, first);
      case 'variable': {
        this.#node = first;
        const [name = '', ...names] = first.names;
        const { value } = this.#variable(name);
        if (names.length > 0) return this.#fieldChain(dot, value, first, names, rest, final);
        this.#refuseArguments(first, rest, final);
        return value;
      }
      default:
        this.#node = first;
        this.#refuseArguments(first, rest, final);
        if (first.kind === 'nil') throw this.#error('nil is not a command');
        return first.kind === 'dot' ? dot : this.#constant(first);
    }
  }

  #refuseArguments(first: Operand, rest: readonly Operand[], final: Final): void {
    if (rest.length > 0 || final !== MISSING) {
      throw this.#error(`can't give argument to non-function ${showNode(first)}`);
    }
  }

  #constant(node: NumberNode | Extract<Operand, { readonly kind: 'bool' | 'string' }>): Value {
    if (node.kind === 'bool') return node.value;
    if (node.kind === 'string') return node.text;
    this.#node = node;
    if (node.isFloat || node.int === undefined) return node.float;
    if (BigInt.asIntN(64, node.int) !== node.int) throw this.#error(`${node.text} overflows int`);
    return node.int;
  }

  #chain(dot: Value, chain: ChainNode, rest: readonly Operand[], final: Final): Value {
    this.#node = chain;
    const value = this.#argument(dot, 'any', chain.operand);
    return this.#fieldChain(dot, value, chain, chain.names, rest, final);
  }

  #fieldChain(
    dot: Value,
    receiver: Value,
    node: Node,
    names: readonly string[],
    rest: readonly Operand[],
    final: Final,
  ): Value {
    let value = receiver;
    this.#isInterface = false;
    for (const name of names.slice(0, -1)) value = this.#field(dot, name, node, [], MISSING, value);
    return this.#field(dot, names.at(-1) ?? '', node, rest, final, value);
  }

  #field(dot: Value, name: string, node: Node, rest: readonly Operand[], final: Final, receiver: Value): Value {
    const { missingKey } = this.#execution;
    const type = this.#isInterface ? INTERFACE : typeOf(receiver);
    if (receiver === undefined && this.#isInterface) throw this.#error(`nil pointer evaluating ${type}.${name}`);
    this.#isInterface = false;
    if (receiver === undefined) {
      if (missingKey === 'error') throw this.#error(`nil data; no entry for key ${quoteGo(name)}`);
      return undefined;
    }
    const hasArguments = rest.length > 0 || final !== MISSING;
    if (receiver instanceof GoStruct) {
      const method = receiver.methods.get(name);
      if (method !== undefined) return this.#call(dot, method, name, node, rest, final);
      if (receiver.fields.has(name)) {
        if (/^[a-z_]/.test(name)) {
          throw this.#error(`${name} is an unexported field of struct type ${type}`);
        }
        if (hasArguments) throw this.#error(`${name} has arguments but cannot be invoked as function`);
        return receiver.fields.get(name);
      }
    } else if (receiver instanceof GoMap) {
      const method = receiver.methods.get(name);
      if (method !== undefined) return this.#call(dot, method, name, node, rest, final);
      if (hasArguments) throw this.#error(`${name} is not a method but has arguments`);
      this.#isInterface =
        receiver.typeName.endsWith(INTERFACE) && (missingKey === 'zero' || receiver.entries.has(name));
      if (receiver.entries.has(name)) return receiver.entries.get(name);
      if (missingKey === 'error') throw this.#error(`map has no entry for key ${quoteGo(name)}`);
      return missingKey === 'zero' ? receiver.zero : undefined;
    } else if (receiver instanceof GoList) {
      const method = receiver.methods.get(name);
      if (method !== undefined) return this.#call(dot, method, name, node, rest, final);
    }
    throw this.#error(`can't evaluate field ${name} in type ${type}`);
  }

  #function(dot: Value, name: string, node: Node, rest: readonly Operand[], final: Final): Value {
    const own = this.#execution.functions.get(name);
    const called = own ?? BUILTINS.get(name);
    if (called === undefined) throw this.#error(`${quoteGo(name)} is not a defined function`);
    if (own === undefined && (name === 'and' || name === 'or')) return this.#shortCircuit(dot, name, rest, final);
    return this.#call(dot, called, name, node, rest, final);
  }

  /** `and` and `or` evaluate no further than they must. */
  #shortCircuit(dot: Value, name: 'and' | 'or', rest: readonly Operand[], final: Final): Value {
    if (rest.length === 0 && final === MISSING) {
      throw this.#error(`wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: Value;
    for (const operand of rest) {
      value = this.#argument(dot, 'any', operand);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === MISSING ? value : final;
  }

  #call(dot: Value, called: GoFunction, name: string, node: Node, rest: readonly Operand[], final: Final): Value {
    const { parameters, rest: restType } = called;
    const count = rest.length + (final === MISSING ? 0 : 1);
    if (restType === undefined ? count !== parameters.length : count < parameters.length) {
      const wanted =
        restType === undefined
          ? `${parameters.length} got ${count}`
          : `at least ${parameters.length} got ${rest.length}`;
      throw this.#error(`wrong number of args for ${name}: want ${wanted}`);
    }
    const typeAt = (index: number): ParameterType => parameters[index] ?? restType ?? 'any';
    const args = rest.map((operand, index) => this.#argument(dot, typeAt(index), operand));
    if (final !== MISSING) args.push(this.#unwrapped(final, typeAt(rest.length)));
    let result: Value;
    try {
      result = called.call(args);
    } catch (error) {
      if (error instanceof Interruption) throw error;
      if (!(error instanceof TemplateFunctionError || error instanceof TemplateError)) throw error;
      this.#node = node;
      throw this.#error(`error calling ${name}: ${error.message}`, error);
    }
    const { outputBytes } = this.#execution.limits;
    if (typeof result === 'string' && result.length > outputBytes) {
      throw this.#error(`exceeded ${outputBytes} bytes of output`);
    }
    return result;
  }

  /** @throws {TemplateError} the value is not of the parameter's type */
  #checked(value: Value, type: ParameterType): Value {
    if (type === 'any') return value;
    if (value === undefined) {
      if (isNilable(type)) return undefined;
      if (this.#isInterface) throw this.#error(`wrong type for value; expected ${type}; got ${INTERFACE}`);
      throw this.#error(`invalid value; expected ${type}`);
    }
    const actual = typeOf(value);
    const underlying = value instanceof GoList || value instanceof GoMap ? value.underlying : actual;
    if (actual !== type && actual !== `*${type}` && underlying !== type) {
      throw this.#error(`wrong type for value; expected ${type}; got ${actual}`);
    }
    return value;
  }

  /** What a pipeline gives is what stands there. */
  #unwrapped(value: Value, type: ParameterType): Value {
    this.#isInterface = false;
    return this.#checked(value, type);
  }

  #argument(dot: Value, type: ParameterType, node: Operand): Value {
    this.#node = node;
    this.#isInterface = false;
    switch (node.kind) {
      case 'dot':
        return this.#checked(dot, type);
      case 'nil':
        if (type !== 'any' && !isNilable(type)) throw this.#error(`cannot assign nil to ${type}`);
        return undefined;
      case 'field':
        return this.#checked(this.#fieldChain(dot, dot, node, node.names, [], MISSING), type);
      case 'variable': {
        const [name = '', ...names] = node.names;
        const { value } = this.#variable(name);
        return this.#checked(names.length === 0 ? value : this.#fieldChain(dot, value, node, names, [], MISSING), type);
      }
      case 'pipe':
        return this.#unwrapped(this.#pipeline(dot, node), type);
      case 'identifier':
        return this.#unwrapped(this.#function(dot, node.name, node, [], MISSING), type);
      case 'chain':
        return this.#checked(this.#chain(dot, node, [], MISSING), type);
      default:
        return this.#literal(node, type);
    }
  }

  #literal(node: NumberNode | Extract<Operand, { readonly kind: 'bool' | 'string' }>, type: ParameterType): Value {
    switch (type) {
      case 'any':
        return this.#constant(node);
      case 'bool':
        if (node.kind === 'bool') return node.value;
        throw this.#error(`expected bool; found ${showNode(node)}`);
      case 'string':
        if (node.kind === 'string') return node.text;
        throw this.#error(`expected string; found ${showNode(node)}`);
      case 'int':
        if (node.kind === 'number' && node.int !== undefined) return node.int;
        throw this.#error(`expected integer; found ${showNode(node)}`);
      case 'float64':
        if (node.kind === 'number') return node.float;
        throw this.#error(`expected float; found ${showNode(node)}`);
      case 'time.Duration':
        if (node.kind === 'number' && node.int !== undefined) return goDuration(node.int, type);
        throw this.#error(`expected integer; found ${showNode(node)}`);
      default:
        throw this.#error(`can't handle ${showNode(node)} for arg of type ${type}`);
    }
  }
}

/** Whether nil is a value of the type: pointers, lists and maps. */
function isNilable(type: ParameterType): boolean {
  return !/^(?:bool|string|int|float64)$/.test(type) && !/^[a-z]+\.[A-Z]/.test(type);
}

/** A pointer is printed as what it points to. */
function pointee(value: Value): Value {
  if (!(value instanceof GoStruct) || !value.isPointer) return value;
  return new GoStruct(value.typeName.slice(1), value.fields, value.methods, value.text);
}
