/** A YAML document that knows where each value stands. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import { describeError } from '../errors.ts';
import { AS_WRITTEN, type Environment, expandEnvironment, type ValueReading, WrittenReading } from './environment.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';

/** Longer values are cut in messages. */
const SHOWN_CHARACTERS = 80;

export interface ConfigDocument {
  /** Plain values, environment expanded; undefined when the syntax is broken, and then `problems` says how. */
  readonly value: unknown;
  /** Broken syntax, unknown tags, and variables that are not set. */
  readonly problems: readonly ConfigProblem[];
  /** A problem with the value at this path, or at the nearest one above it that exists. */
  problemAt(path: ConfigPath, expected: string): ConfigProblem;
  /** A problem with the key itself that ends this path. */
  problemAtKey(path: ConfigPath, expected: string): ConfigProblem;
}

/** Of a program or a picture there would be a problem with each of its bytes. */
function notText(file: string): ConfigDocument {
  const problem = { file, line: 1, column: 1, path: [], expected: 'YAML, which is text', got: 'a binary file' };
  return { value: undefined, problems: [problem], problemAt: () => problem, problemAtKey: () => problem };
}

/** Parses YAML 1.2 (with `<<` merges) and expands the environment in its values. A plain value is typed after the
 *  expansion (`port: ${PORT}` is a number), a quoted one stays text. Messages show values as written in the file, so
 *  that no secret from the environment reaches a log.
 *  @param root a mapping or list of which the document is to be told alone: paths begin there, in problems they are whole */
export function parseConfigDocument(
  text: string,
  file: string,
  reading: ValueReading,
  root: ConfigPath = [],
): ConfigDocument {
  if (text.includes('\0')) return notText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  // A warning is a tag that nobody here knows: the value would not be what its writer means.
  const broken: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...at(error.pos[0]),
    ...syntaxProblem(error),
  }));

  const unset: ConfigProblem[] = [];
  const asWritten = new Map<unknown, string>();
  // What another part of the file refers to is known by whoever reads that part.
  const [from, , to] = rangeOf(find(document, root).node);
  const expand = (scalar: Scalar, ancestors: readonly unknown[]): void => {
    const isText = reading === AS_WRITTEN || reading instanceof WrittenReading;
    if (isText && (typeof scalar.value === 'number' || typeof scalar.value === 'boolean')) scalar.value = scalar.source;
    const environment = environmentOf(reading, ancestors);
    if (environment === undefined || typeof scalar.value !== 'string') return;
    const expansion = expandEnvironment(scalar.value, environment);
    if (expansion === undefined) return;
    asWritten.set(scalar, scalar.value);
    const offset = offsetOf(scalar) ?? 0;
    for (const name of offset >= from && offset <= to ? expansion.missing : []) {
      const expected = `the environment variable ${name} to be set, or \${${name}:-DEFAULT}`;
      unset.push({ ...at(offset), path: [], expected, got: 'nothing' });
    }
    scalar.value = scalar.type === 'PLAIN' && !isText ? typedScalar(expansion.text) : expansion.text;
  };
  const describe = (node: unknown): string => {
    if (isMap(node)) return 'a mapping';
    if (isSeq(node)) return 'a list';
    if (isAlias(node)) return `*${node.source}`;
    if (!isScalar(node) || node.value === null) return 'nothing';
    const written = asWritten.get(node);
    return written === undefined ? cut(JSON.stringify(node.value)) : `${cut(written)} as the environment has it`;
  };
  visit(document, {
    Scalar: (key, scalar, ancestors) => (key === 'key' ? undefined : expand(scalar, ancestors)),
    Pair: (_key, { key }) => {
      if (key === null || isScalar(key)) return;
      broken.push({ ...at(offsetOf(key) ?? 0), path: [], expected: 'a key of text', got: describe(key) });
    },
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return;
      broken.push({ ...at(offsetOf(alias) ?? 0), path: [], expected: 'an anchor', got: `*${alias.source}` });
    },
  });

  const problemAt = (below: ConfigPath, expected: string): ConfigProblem => {
    const path = [...root, ...below];
    const { node, offset } = find(document, path);
    return { ...at(offset), path, expected, got: describe(node) };
  };
  const problemAtKey = (below: ConfigPath, expected: string): ConfigProblem => {
    const path = [...root, ...below];
    const { pair, offset } = find(document, path);
    return { ...at(offsetOf(pair?.key) ?? offset), path, expected, got: cut(JSON.stringify(path.at(-1))) };
  };

  let value: unknown;
  try {
    if (broken.length === 0) value = valueAt(document.toJS(), root);
  } catch (error) {
    // The library refuses documents whose aliases multiply beyond measure.
    broken.push({ ...at(0), path: [], expected: 'valid YAML', got: describeError(error) });
  }
  // Beside a variable that is not set, the rest of the document can still be checked; beside broken syntax it cannot.
  return { value, problems: [...broken, ...unset], problemAt, problemAtKey };
}

/** @returns undefined where nothing is expanded */
function environmentOf(reading: ValueReading, ancestors: readonly unknown[]): Environment | undefined {
  if (reading === AS_WRITTEN) return undefined;
  if (!(reading instanceof WrittenReading)) return reading;
  const isLiteral = ancestors.some(
    (node) => isPair(node) && isScalar(node.key) && reading.literalKeys.has(String(node.key.value)),
  );
  return isLiteral ? undefined : reading.environment;
}

interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Found {
  /** Absent when the path leads to nothing in the text. */
  readonly node?: unknown;
  /** The pair whose value the node is. */
  readonly pair?: Pair;
  /** Where the node stands, or the nearest one above it. */
  readonly offset: number;
}

/** Follows aliases; what a `<<` merge brought in is not found. */
function find(document: Document, path: ConfigPath): Found {
  let node: unknown = document.contents;
  let pair: Pair | undefined;
  let offset = offsetOf(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part)) : undefined;
    node = isSeq(node) ? node.items[Number(part)] : pair?.value;
    if (node === undefined) return { offset };
    offset = offsetOf(node) ?? offsetOf(pair?.key) ?? offset;
  }
  if (isAlias(node)) node = node.resolve(document);
  return { node, offset, ...(pair === undefined ? {} : { pair }) };
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Of a node that is not there: everything. */
function rangeOf(node: unknown): readonly [from: number, valueEnd: number, to: number] {
  return (isNode(node) ? node.range : undefined) ?? [0, Infinity, Infinity];
}

/** null is what stands in the text as nothing. */
function valueAt(value: unknown, path: ConfigPath): unknown {
  let found = value;
  for (const key of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : null;
  return found ?? null;
}

function syntaxProblem(error: YAMLError): Pick<ConfigProblem, 'path' | 'expected' | 'got'> {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return { path: [], expected: 'every key once', got: 'this key a second time' };
    case 'MULTIPLE_DOCS':
      return { path: [], expected: 'one document', got: 'a second one' };
    default:
      return { path: [], expected: 'valid YAML', got: `an error: ${error.message.trim().replaceAll('\n', ' ')}` };
  }
}

/** What the text would be as a plain scalar; text that is more than a scalar (`a: b`) stays text. */
function typedScalar(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length === 0 && isScalar(document.contents) ? document.contents.value : text;
}

function cut(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
