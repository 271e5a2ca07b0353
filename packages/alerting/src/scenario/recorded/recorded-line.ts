/** A line as it was recorded, of a document in JSON: those that Vigie's agent writes in any of its formats and `vigie tap` shows, hits of
 *  Elasticsearch, and what logcli prints with `-o jsonl`. Pure. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import { labelOf } from '../../logs/query/field-names.ts';
import { member } from '../../logs/source/ask.ts';
import { timeNsOf } from '../../logs/source/document-line.ts';

export interface RecordedLine {
  /** Unix ms. */
  readonly timeMs: number;
  readonly message: string;
  /** By the names of labels; query/field-names.ts. */
  readonly labels: LabelSet;
}

/** Names of `format: otel`, as rules ask for them. */
const OTEL_NAMES: ReadonlyMap<string, string> = new Map([
  ['k8s.namespace.name', 'namespace'],
  ['k8s.pod.name', 'pod'],
  ['k8s.pod.uid', 'pod_uid'],
  ['k8s.container.name', 'container'],
  ['k8s.node.name', 'node'],
  ['log.iostream', 'stream'],
]);

/** What is no field of a line: its time and text, and where it stood in its file, which is another place for each. */
const OWN: ReadonlySet<string> = new Set(['@timestamp', 'time', 'message', 'body', 'log.offset', 'members']);

/** @param document as parsed
 *  @param fields in place of what it says, by the names of labels
 *  @returns undefined where it has no time, or no text */
export function lineOfDocument(document: unknown, fields: Readonly<Record<string, string>>): RecordedLine | undefined {
  return lineOf(member(document, '_source') ?? document, fields);
}

function lineOf(document: unknown, fields: Readonly<Record<string, string>>): RecordedLine | undefined {
  const isLogcli = member(document, 'line') !== undefined && member(document, 'labels') !== undefined;
  const source = isLogcli ? member(document, 'labels') : document;
  const timeNs = timeNsOf(
    isLogcli ? member(document, 'timestamp') : (member(document, '@timestamp') ?? member(document, 'time')),
  );
  const message = isLogcli ? member(document, 'line') : (member(document, 'message') ?? member(document, 'body'));
  if (timeNs === undefined || typeof message !== 'string') return undefined;
  const found = new Map<string, string>();
  addFields(found, source, []);
  addFields(found, membersOf(member(document, 'members')), []);
  for (const [name, value] of Object.entries(fields)) found.set(name, value);
  return { timeMs: Number(timeNs / 1_000_000n), message, labels: LabelSet.of(found) };
}

/** What a tap shows of a record beside its message. */
function membersOf(members: unknown): unknown {
  if (typeof members !== 'string') return undefined;
  try {
    return JSON.parse(`{${members}}`);
  } catch {
    return undefined;
  }
}

/** Deeper ones than Elasticsearch maps. */
const MOST_LEVELS = 20;

/** `{a: {b: 1}}` is `a.b`; lists are left out. */
function addFields(found: Map<string, string>, value: unknown, path: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || path.length === MOST_LEVELS) return;
  for (const [key, inner] of Object.entries(value)) {
    const name = [...path, key].join('.');
    if (OWN.has(name)) continue;
    if (typeof inner === 'object') addFields(found, inner, [...path, key]);
    else found.set(OTEL_NAMES.get(name) ?? labelOf(name), String(inner));
  }
}
