/** Names of fields that mean the same in every log store: what Vigie's agent ships to Elasticsearch in documents and to Loki in labels. */

/** Short names to fields of documents: docs/reference/sinks/loki.md has the labels of these names. */
const DOCUMENT_FIELDS: ReadonlyMap<string, string> = new Map([
  ['namespace', 'kubernetes.namespace'],
  ['pod', 'kubernetes.pod.name'],
  ['pod_uid', 'kubernetes.pod.uid'],
  ['container', 'kubernetes.container.name'],
  ['container_id', 'container.id'],
  ['node', 'kubernetes.node.name'],
]);

const SHORT_NAMES: ReadonlyMap<string, string> = new Map(
  Array.from(DOCUMENT_FIELDS, ([short, field]) => [field, short]),
);

export const MESSAGE = 'message';

/** @param name short, or of a field
 *  @returns the field of a document */
export function documentField(name: string): string {
  return DOCUMENT_FIELDS.get(name) ?? name;
}

/** @param name short, or of a field
 *  @returns the label of Loki, and of alerts: `http.status` is `http_status` */
export function labelOf(name: string): string {
  const short = SHORT_NAMES.get(name);
  if (short !== undefined) return short;
  return name
    .replace(/\.keyword$/, '')
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_');
}
