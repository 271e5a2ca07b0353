/** Go's text/template: parsed once, executed many times. What is written is not escaped unless an Escaping does it. */
import { bug } from '../errors.ts';
import { quoteGo } from '../go-quote.ts';
import { BUILTINS } from './builtins.ts';
import { type Escaping, type ExecutionLimits, execute, type MissingKey } from './execute.ts';
import type { Delimiters } from './lexer.ts';
import { parseTemplate, type Tree } from './parser.ts';
import { TemplateError } from './template-error.ts';
import type { FunctionMap, Value } from './values.ts';

export const DEFAULT_LIMITS: ExecutionLimits = { outputBytes: 1024 ** 2, depth: 200, steps: 1_000_000 };

export interface TemplateOptions {
  readonly functions?: FunctionMap;
  readonly missingKey?: MissingKey;
  /** `{{` and `}}` unless given. */
  readonly delimiters?: Delimiters;
  readonly limits?: ExecutionLimits;
}

export class Template {
  readonly name: string;
  readonly #trees = new Map<string, Tree>();
  readonly #functions: FunctionMap;
  readonly #missingKey: MissingKey;
  readonly #delimiters: Delimiters;
  readonly #limits: ExecutionLimits;

  constructor(name: string, options: TemplateOptions = {}) {
    this.name = name;
    this.#functions = options.functions ?? new Map();
    this.#missingKey = options.missingKey ?? 'default';
    this.#delimiters = options.delimiters ?? { left: '{{', right: '}}' };
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    if (this.#delimiters.left === '' || this.#delimiters.right === '') throw bug('a template without delimiters');
  }

  /** Names of the templates that there are. */
  get defined(): readonly string[] {
    return Array.from(this.#trees.keys());
  }

  /** One with the same templates, to which more may be added. */
  clone(): Template {
    const copy = new Template(this.name, {
      functions: this.#functions,
      missingKey: this.#missingKey,
      delimiters: this.#delimiters,
      limits: this.#limits,
    });
    for (const [name, tree] of this.#trees) copy.#trees.set(name, tree);
    return copy;
  }

  /** Reads a source, and the templates that it defines; a later one of a name replaces an earlier one.
   *  @param name of the source, the template's own unless given
   *  @throws {TemplateError} TEMPLATE_INVALID; what there was before is as it was */
  parse(source: string, name: string = this.name): this {
    const trees = new Map<string, Tree>();
    const isFunction = (called: string): boolean => this.#functions.has(called) || BUILTINS.has(called);
    parseTemplate(name, source, this.#delimiters, isFunction, trees);
    for (const [defined, tree] of trees) {
      const isBlank = tree.root.nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
      if (!isBlank || !this.#trees.has(defined)) this.#trees.set(defined, tree);
    }
    return this;
  }

  /** @param functions in place of those of the same name that the template was made with
   *  @throws {TemplateError} TEMPLATE_FAILED */
  execute(
    data: Value,
    functions: FunctionMap = this.#functions,
    name: string = this.name,
    escaping?: Escaping,
  ): string {
    const tree = this.#trees.get(name);
    if (tree === undefined) {
      const problem =
        name === this.name
          ? `${quoteGo(name)} is an incomplete or empty template`
          : `no template ${quoteGo(name)} associated with template ${quoteGo(this.name)}`;
      throw new TemplateError('TEMPLATE_FAILED', `template: ${name === this.name ? `${name}: ` : ''}${problem}`);
    }
    const { missingKey, limits } = { missingKey: this.#missingKey, limits: this.#limits };
    return execute(tree, data, { trees: this.#trees, functions, missingKey, limits, escaping });
  }
}
