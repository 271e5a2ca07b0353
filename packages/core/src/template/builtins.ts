/** The functions that every template has. Source: Go 1.26, text/template/funcs.go. */
import { escapeHtml, escapeJs, escapeUrlQuery } from './escapes.ts';
import { format, print, printLine } from './format.ts';
import { TemplateFunctionError } from './template-error.ts';
import { type FunctionMap, GoFunction, GoList, GoMap, GoStruct, GoText, isTrue, typeOf, type Value } from './values.ts';

const ANY = 'any';

export const BUILTINS: FunctionMap = new Map([
  // These two are evaluated by the executor, which stops at the value that decides.
  ['and', new GoFunction([ANY], (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1), ANY)],
  ['or', new GoFunction([ANY], (args) => args.find(isTrue) ?? args.at(-1), ANY)],
  ['not', new GoFunction([ANY], ([arg]) => !isTrue(arg))],
  ['call', new GoFunction([ANY], ([called, ...args]) => call(called, args), ANY)],
  ['html', new GoFunction([], (args) => escapeHtml(printable(args)), ANY)],
  ['index', new GoFunction([ANY], ([item, ...indexes]) => index(item, indexes), ANY)],
  ['slice', new GoFunction([ANY], ([item, ...indexes]) => slice(item, indexes), ANY)],
  ['js', new GoFunction([], (args) => escapeJs(printable(args)), ANY)],
  ['len', new GoFunction([ANY], ([item]) => BigInt(item instanceof GoList ? item.length : length(item)))],
  ['print', new GoFunction([], print, ANY)],
  ['printf', new GoFunction(['string'], ([text, ...args]) => format(String(text), args), ANY)],
  ['println', new GoFunction([], printLine, ANY)],
  ['urlquery', new GoFunction([], (args) => escapeUrlQuery(printable(args)), ANY)],
  ['eq', new GoFunction([ANY], ([first, ...others]) => isEqualToAny(first, others), ANY)],
  ['ne', new GoFunction([ANY, ANY], ([a, b]) => !isEqualToAny(a, [b]))],
  ['lt', new GoFunction([ANY, ANY], ([a, b]) => isLess(a, b))],
  ['le', new GoFunction([ANY, ANY], ([a, b]) => isLess(a, b) || isEqualToAny(a, [b]))],
  ['gt', new GoFunction([ANY, ANY], ([a, b]) => !isLess(a, b) && !isEqualToAny(a, [b]))],
  ['ge', new GoFunction([ANY, ANY], ([a, b]) => !isLess(a, b))],
]);

/** Nil is shown as where a template prints it. */
function printable(args: readonly Value[]): string {
  return print(args.map((arg) => arg ?? '<no value>'));
}

function call(called: Value, args: readonly Value[]): Value {
  if (called === undefined) throw new TemplateFunctionError('call of nil');
  if (!(called instanceof GoFunction))
    throw new TemplateFunctionError(`non-function ${print([called])} of type ${typeOf(called)}`);
  const { parameters, rest } = called;
  if (rest === undefined ? args.length !== parameters.length : args.length < parameters.length) {
    const wanted = rest === undefined ? String(parameters.length) : `at least ${parameters.length}`;
    throw new TemplateFunctionError(`wrong number of args: got ${args.length} want ${wanted}`);
  }
  for (const [at, arg] of args.entries()) {
    const type = parameters[at] ?? rest ?? ANY;
    if (type !== ANY && typeOf(arg) !== type) {
      throw new TemplateFunctionError(`arg ${at}: value has type ${typeOf(arg)}; should be ${type}`);
    }
  }
  return called.call(args);
}

function length(item: Value): number {
  if (typeof item === 'string') return Buffer.byteLength(item);
  if (item instanceof GoText) return Buffer.byteLength(item.value);
  if (item instanceof GoList) return item.items.length;
  if (item instanceof GoMap) return item.entries.size;
  if (item === undefined) throw new TemplateFunctionError('len of nil pointer');
  throw new TemplateFunctionError(`len of type ${typeOf(item)}`);
}

/** @param limit the greatest that is in range */
function position(at: Value, limit: number): number {
  if (at === undefined) throw new TemplateFunctionError('cannot index slice/array with nil');
  if (typeof at !== 'bigint') throw new TemplateFunctionError(`cannot index slice/array with type ${typeOf(at)}`);
  if (at < 0n || at > BigInt(limit)) throw new TemplateFunctionError(`index out of range: ${at}`);
  return Number(at);
}

function index(item: Value, indexes: readonly Value[]): Value {
  if (item === undefined) throw new TemplateFunctionError('index of untyped nil');
  let value: Value = item;
  for (const at of indexes) {
    if (value instanceof GoMap) {
      if (at === undefined) throw new TemplateFunctionError('value is nil; should be of type string');
      if (typeof at !== 'string') throw new TemplateFunctionError(`value has type ${typeOf(at)}; should be string`);
      value = value.entries.has(at) ? value.entries.get(at) : value.zero;
    } else if (value instanceof GoList || typeof value === 'string') {
      const size = length(value);
      const place = position(at, size);
      if (place === size) {
        const kind = typeof value === 'string' ? 'string' : 'slice';
        throw new TemplateFunctionError(`reflect: ${kind} index out of range`);
      }
      value = typeof value === 'string' ? BigInt(Buffer.from(value)[place]!) : value.items[place];
    } else if (value === undefined) throw new TemplateFunctionError('index of nil pointer');
    else throw new TemplateFunctionError(`can't index item of type ${typeOf(value)}`);
  }
  return value;
}

function slice(item: Value, indexes: readonly Value[]): Value {
  if (item === undefined) throw new TemplateFunctionError('slice of untyped nil');
  if (indexes.length > 3) throw new TemplateFunctionError(`too many slice indexes: ${indexes.length}`);
  if (typeof item !== 'string' && !(item instanceof GoList)) {
    throw new TemplateFunctionError(`can't slice item of type ${typeOf(item)}`);
  }
  if (typeof item === 'string' && indexes.length === 3)
    throw new TemplateFunctionError('cannot 3-index slice a string');
  const size = length(item);
  const places = indexes.map((at) => position(at, size));
  const [start = 0, end = size, capacity = size] = places;
  if (start > end) throw new TemplateFunctionError(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new TemplateFunctionError(`invalid slice index: ${end} > ${capacity}`);
  if (typeof item === 'string') return Buffer.from(item).toString('utf8', start, end);
  return new GoList(item.items.slice(start, end), item.typeName);
}

const INVALID = 'invalid type for comparison';

type Kind = 'bool' | 'int' | 'float' | 'string' | undefined;

function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'string';
    default:
      return undefined;
  }
}

function incompatible(a: Value, b: Value): TemplateFunctionError {
  return new TemplateFunctionError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
}

function isEqualToAny(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new TemplateFunctionError('missing argument for comparison');
  const kind = kindOf(first);
  for (const other of others) {
    if (kindOf(other) === kind && kind !== undefined) {
      if (first === other) return true;
      continue;
    }
    if (first !== undefined && other !== undefined) {
      if (kind !== kindOf(other)) throw incompatible(first, other);
      if (!(first instanceof GoStruct && other instanceof GoStruct)) {
        throw new TemplateFunctionError(`non-comparable type ${format('%s', [other])}: ${typeOf(other)}`);
      }
    }
    if (first === other) return true;
  }
  return false;
}

function isLess(a: Value, b: Value): boolean {
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind === undefined || other === undefined) throw new TemplateFunctionError(INVALID);
  if (kind !== other) throw incompatible(a, b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b;
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  throw new TemplateFunctionError(INVALID);
}
