/** Names of keys as the objects of Kubernetes have them, in camel case, and as alertmanager.yml does. */

/** `apiURL` to `api_url`, `requireTLS` to `require_tls`. */
export function snakeCase(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

/** The keys of all mappings below, in snake case; what is not given is left out. */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined && inner !== '');
  return Object.fromEntries(given.map(([key, inner]) => [snakeCase(key), snakeKeys(inner)]));
}
