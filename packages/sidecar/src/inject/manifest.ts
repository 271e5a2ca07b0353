/** Injection into manifests as people keep them: YAML with comments, several documents in a file, or JSON. */
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { Document, isAlias, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import { inject } from './inject.ts';
import { type JsonPatch, pointerSteps } from './json-patch.ts';
import { podTemplatesOf } from './pod-templates.ts';
import type { InjectionSettings } from './settings.ts';

export interface InjectedManifests {
  /** The documents with their sidecars. */
  readonly text: string;
  /** Of each document that has an object, in their order. */
  readonly patches: readonly JsonPatch[];
  /** `Deployment shop/web: …` */
  readonly warnings: readonly string[];
  /** How many pods ask for a sidecar that they cannot have. */
  readonly refused: number;
}

/** @param file for messages
 *  @throws {ConfigError} where the text is no YAML */
export function injectManifests(text: string, file: string, settings: InjectionSettings): InjectedManifests {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const problems = documents.flatMap(({ errors }) =>
    errors.map(({ pos, message }): ConfigProblem => {
      const { line, col } = lines.linePos(pos[0]);
      return { file, line, column: col, path: [], expected: 'valid YAML', got: `an error: ${message}` };
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const patches: JsonPatch[] = [];
  const warnings: string[] = [];
  let refused = 0;
  const patched = documents.map((document) => {
    const object: unknown = document.toJS();
    if (object === null) return document;
    const patch: JsonPatch[number][] = [];
    for (const { path, pod } of podTemplatesOf(object)) {
      const result = inject(pod, settings);
      if (result.status === 'unchanged') continue;
      const told = result.status === 'refused' ? result.refusals.map(({ message }) => message) : result.warnings;
      warnings.push(...told.map((warning) => `${nameOf(object)}: ${warning}`));
      if (result.status === 'refused') refused++;
      else patch.push(...result.patch.map((operation) => ({ ...operation, path: path + operation.path })));
    }
    patches.push(patch);
    return patch.length === 0
      ? document
      : withPatch(hasAliases(document) ? new Document(object, { aliasDuplicateObjects: false }) : document, patch);
  });
  return { text: textOf(patched), patches, warnings, refused };
}

type AnyDocument = Document | Document.Parsed;

/** What an alias stands for is written at another place too, which is not to change. */
function hasAliases(document: AnyDocument): boolean {
  let found = false;
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node)) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** Keeps the comments and the order of what is there. */
function withPatch(document: AnyDocument, patch: JsonPatch): AnyDocument {
  for (const { path, value } of patch) {
    const steps = pointerSteps(path);
    const last = steps.at(-1) ?? '';
    const list = document.getIn(steps.slice(0, -1), true);
    const node = document.createNode(value);
    if (!isSeq(list)) document.setIn(steps, node);
    else if (last === '-') list.items.push(node);
    else list.items.splice(Number(last), 0, node);
  }
  return document;
}

function textOf(documents: readonly AnyDocument[]): string {
  const texts = documents.map((document) => document.toString({ lineWidth: 0 }));
  return texts.map((text, index) => (index > 0 && !text.startsWith('---') ? `---\n${text}` : text)).join('');
}

function nameOf(object: unknown): string {
  const text = (value: unknown, name: string): string => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    return typeof found === 'string' ? found : '';
  };
  const metadata: unknown = typeof object === 'object' && object !== null ? Reflect.get(object, 'metadata') : undefined;
  const namespace = text(metadata, 'namespace');
  const name = text(metadata, 'name') || text(metadata, 'generateName');
  return `${text(object, 'kind')} ${namespace === '' ? '' : `${namespace}/`}${name}`.trim();
}
