/** `app.kubernetes.io/name` as `app_kubernetes_io/name`: with its dots it would be an object beside the text
 *  that a plain `app` is, and Elasticsearch refuses one of the two. Of two labels that become one name, the
 *  one that had that name from the start wins: a document with the name twice would be refused. */
export function dedottedLabels(labels: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const dedotted = new Map<string, string>();
  for (const name of Object.keys(labels).sort()) {
    const key = name.replaceAll('.', '_');
    if (key === name || !Object.hasOwn(labels, key)) dedotted.set(key, labels[name] ?? '');
  }
  return dedotted;
}

/** @param name its own, or the one that documents have
 *  @returns undefined where there is no such label */
export function labelNamed(name: string, labels: Readonly<Record<string, string>>): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : dedottedLabels(labels).get(name);
}
