/** Where a target is scraped, written as Go's net/url writes it: it is part of the target's identity and is shown. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { ADDRESS, METRICS_PATH, PARAM_PREFIX, SCHEME } from './target-labels.ts';

/** @param params of the configuration; a label `__param_NAME` stands in place of the first value */
export function targetUrl(labels: LabelSet, params: Readonly<Record<string, readonly string[]>>): string {
  const values = new Map(Object.entries(params).map(([name, list]) => [name, [...list]]));
  for (const [name, value] of labels.entries()) {
    if (!name.startsWith(PARAM_PREFIX)) continue;
    const key = name.slice(PARAM_PREFIX.length);
    const [, ...others] = values.get(key) ?? [];
    values.set(key, [value, ...others]);
  }
  const query = [...values.keys()]
    .sort()
    .flatMap((name) => (values.get(name) ?? []).map((value) => `${queryEscape(name)}=${queryEscape(value)}`))
    .join('&');
  const path = pathEscape(labels.get(METRICS_PATH));
  return `${labels.get(SCHEME)}://${labels.get(ADDRESS)}${path}${query === '' ? '' : `?${query}`}`;
}

function pathEscape(path: string): string {
  const rooted = path === '' || path.startsWith('/') ? path : `/${path}`;
  return encodeURI(rooted).replaceAll('?', '%3F').replaceAll('#', '%23');
}

function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
