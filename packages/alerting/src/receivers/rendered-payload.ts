/** Payloads that a configuration gives: text in them is templates, and what they give may be more than text.
 *  Source: Alertmanager 0.34, template/template.go, DeepCopyWithTemplate. */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
  visit,
} from 'yaml';
import type { Json } from '../templates/go-json.ts';

/** @param text expands a template
 *  @returns texts that are YAML of another kind as that: numbers, lists and mappings; keys that are no text are left out */
export function renderPayload(value: unknown, text: (source: string) => string): Json {
  if (typeof value === 'string') return fromYaml(text(value));
  if (Array.isArray(value)) return value.map((item: unknown) => renderPayload(item, text));
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (typeof value !== 'object' || value === null) return null;
  const entries: readonly (readonly [unknown, unknown])[] =
    value instanceof Map ? Array.from(value) : Object.entries(value);
  return new Map(
    entries.flatMap(([key, item]) =>
      typeof key === 'string' ? [[text(key), renderPayload(item, text)] as const] : [],
    ),
  );
}

/** As much of a list or mapping is JSON already: YAML's reader takes seconds for a megabyte. */
const JSON_LIKE = /^\s*[[{]/;
/** JSON's would round it. */
const LONG_NUMBER = /[[:,\s]-?\d{16}/;

/** As Go's reader, which takes 12:30 for text, where YAML 1.1 has numbers of base 60. */
const AS_GO: ParseOptions & SchemaOptions & { readonly version: '1.1'; readonly logLevel: 'error' } = {
  version: '1.1',
  intAsBigInt: true,
  uniqueKeys: false,
  logLevel: 'error',
  customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.format !== 'TIME'),
};

function fromYaml(text: string): Json {
  if (JSON_LIKE.test(text) && !LONG_NUMBER.test(text)) {
    const parsed = fromJson(text);
    if (parsed !== undefined) return parsed;
  }
  const document = parseDocument(text, AS_GO);
  if (document.errors.length > 0 || containsItself(document)) return text;
  if (isScalar(document.contents)) return scalarOf(document.contents.value, text);
  if (!isMap(document.contents) && !isSeq(document.contents)) return document.contents === null ? null : text;
  const value = resolved(document);
  return value === undefined ? text : plain(value);
}

/** As Go's reader refuses it: it would be endless as JSON. */
function containsItself(document: Document): boolean {
  // An alias is of the last anchor before it.
  const anchors = new Map<string, Node>();
  let found = false;
  visit(document, {
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
    Alias: (_key, { source }, path) => {
      const node = anchors.get(source);
      if (node === undefined || !path.includes(node)) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** @returns undefined where it says what cannot be: an alias of nothing or of too much, a merge of what is no mapping */
function resolved(document: Document): unknown {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function fromJson(text: string): Json | undefined {
  try {
    return plain(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Text, and what JSON has no form of, stay as they were written. */
function scalarOf(value: unknown, text: string): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return wholeNumber(value) ?? text;
  return typeof value === 'number' && Number.isFinite(value) ? value : text;
}

/** One that no integer of Go holds is a float there.
 *  @returns undefined where a float does not hold it either */
function wholeNumber(value: bigint): bigint | number | undefined {
  if (value >= -(2n ** 63n) && value < 2n ** 64n) return value;
  const float = Number(value);
  return Number.isFinite(float) ? float : undefined;
}

function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return wholeNumber(value) ?? String(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return null;
  const entries: readonly (readonly [unknown, unknown])[] =
    value instanceof Map ? Array.from(value) : Object.entries(value);
  return new Map(entries.flatMap(([key, item]) => (typeof key === 'string' ? [[key, plain(item)] as const] : [])));
}
