/** What templates work on. Go tells whole numbers from floats and typed lists from others, and so do its templates' errors and
 *  output: a whole number is a bigint here, a float a number, nil undefined. */

export type Value = undefined | boolean | bigint | number | string | GoList | GoMap | GoStruct | GoFunction;

/** What a parameter takes: `any`, `string`, `bool`, `int`, `float64`, or a list, map or struct by the name of its type. */
export type ParameterType = string;

const NO_METHODS: ReadonlyMap<string, GoFunction> = new Map();

export class GoList {
  readonly items: readonly Value[];
  readonly typeName: string;

  constructor(items: readonly Value[], typeName = '[]interface {}') {
    this.items = items;
    this.typeName = typeName;
  }

  /** What `len` says. */
  get length(): number {
    return this.items.length;
  }

  /** Of a type with a name, what it is made of: it may stand where that is asked for. */
  get underlying(): string {
    return this.typeName;
  }

  /** A `String` among them is how it is printed. */
  get methods(): FunctionMap {
    return NO_METHODS;
  }
}

/** Keys are strings; ranging over it and printing it follow their order in UTF-8. */
export class GoMap {
  readonly entries: ReadonlyMap<string, Value>;
  readonly typeName: string;
  /** In place of a key that is not there: the zero of the element's type. */
  readonly zero: Value;

  constructor(entries: ReadonlyMap<string, Value>, typeName = 'map[string]interface {}', zero?: Value) {
    this.entries = entries;
    this.typeName = typeName;
    this.zero = zero;
  }

  /** As of a list. */
  get underlying(): string {
    return this.typeName;
  }

  /** As of a list. A key may not hide one. */
  get methods(): FunctionMap {
    return NO_METHODS;
  }
}

/** @returns Go's map[string]string */
export function stringMap(entries: ReadonlyMap<string, string>): GoMap {
  return new GoMap(entries, 'map[string]string', '');
}

/** A struct, or a pointer to one. */
export class GoStruct {
  /** `*template.sample` for a pointer. */
  readonly typeName: string;
  /** In their order. A name that begins in lower case is shown when printed, and not to be had. */
  readonly fields: ReadonlyMap<string, Value>;
  readonly methods: ReadonlyMap<string, GoFunction>;
  /** What printing it gives, in place of its fields. */
  readonly text: string | undefined;

  constructor(
    typeName: string,
    fields: ReadonlyMap<string, Value>,
    methods: ReadonlyMap<string, GoFunction> = new Map(),
    text?: string,
  ) {
    this.typeName = typeName;
    this.fields = fields;
    this.methods = methods;
    this.text = text;
  }

  get isPointer(): boolean {
    return this.typeName.startsWith('*');
  }
}

/** Text of a type of its own, such as template.HTML. */
export class GoText extends GoStruct {
  readonly value: string;

  constructor(typeName: string, value: string) {
    super(typeName, new Map(), new Map(), value);
    this.value = value;
  }
}

export class GoFunction {
  readonly parameters: readonly ParameterType[];
  /** Of what may follow in any number. */
  readonly rest: ParameterType | undefined;
  /** @throws {TemplateFunctionError} */
  readonly call: (args: readonly Value[]) => Value;

  constructor(
    parameters: readonly ParameterType[],
    call: (args: readonly Value[]) => Value,
    rest: ParameterType | undefined = undefined,
  ) {
    this.parameters = parameters;
    this.call = call;
    this.rest = rest;
  }
}

export type FunctionMap = ReadonlyMap<string, GoFunction>;

export function typeOf(value: Value): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
    default:
      return value instanceof GoFunction ? 'func' : value.typeName;
  }
}

/** Whether it is not the zero of its type, as `if` asks. */
export function isTrue(value: Value): boolean {
  switch (typeof value) {
    case 'undefined':
      return false;
    case 'boolean':
      return value;
    case 'bigint':
      return value !== 0n;
    case 'number':
      return value !== 0;
    case 'string':
      return value !== '';
    default:
      if (value instanceof GoList) return value.items.length > 0;
      if (value instanceof GoMap) return value.entries.size > 0;
      return !(value instanceof GoText) || value.value !== '';
  }
}

/** Keys of a map in Go's order. */
export function sortedEntries(map: GoMap): readonly (readonly [string, Value])[] {
  return Array.from(map.entries).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
