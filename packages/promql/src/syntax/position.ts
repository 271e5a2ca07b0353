/** Places in the text of a query. */

/** UTF-16 units of the query; `end` is behind the last one. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

/** In bytes of UTF-8, as Prometheus counts. */
export function byteOffset(query: string, position: number): number {
  return Buffer.byteLength(query.slice(0, position));
}

/** `line:column`, both from 1, the column in bytes of UTF-8, as Prometheus counts. */
export function lineAndColumn(query: string, position: number): string {
  if (query === '') return 'unknown position';
  const before = query.slice(0, position);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${Buffer.byteLength(before.slice(lineStart)) + 1}`;
}
