/** JSON Patch (RFC 6902), as far as injection needs it: it adds, and never takes away. */

export interface AddOperation {
  readonly op: 'add';
  /** A JSON Pointer (RFC 6901) from the root of the object. */
  readonly path: string;
  readonly value: unknown;
}

export type JsonPatch = readonly AddOperation[];

/** `/metadata/annotations/vigie.io~1injected`. A number is an index, `-` the end of a list. */
export function pointer(...steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The steps of a pointer, unescaped. */
export function pointerSteps(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Appends values to a list that may not be there yet.
 *  @param length of the list; undefined: it is not there */
export function appendTo(path: string, length: number | undefined, values: readonly unknown[]): JsonPatch {
  if (values.length === 0) return [];
  if (length === undefined) return [{ op: 'add', path, value: values }];
  return values.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}
