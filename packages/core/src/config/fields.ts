/** The building blocks of configuration schemas. */
import * as v from 'valibot';
import { formatDuration, parseDuration } from '../durations.ts';
import { parseSize } from '../sizes.ts';
import { expectedOf } from './expected.ts';

/** A mapping with these keys and no others; a problem with any other names the ones there are. */
export function section<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries).filter((key) => !isAbsent(entries[key]));
  return notAList(
    v.strictObject(entries, (issue) =>
      issue.expected === 'never' ? `one of the keys ${known.join(', ')}` : expectedOf(issue),
    ),
  );
}

/** A mapping whose keys are names that the user gives. */
export function named<const Value extends v.GenericSchema>(value: Value) {
  return notAList(v.record(v.string(), value));
}

/** To valibot a list is an object too, with its indices as keys. */
function notAList<Schema extends v.GenericSchema>(schema: Schema): Schema {
  return {
    ...schema,
    '~run'(dataset, config) {
      if (!Array.isArray(dataset.value)) return schema['~run'](dataset, config);
      v._addIssue(schema, 'type', dataset, config);
      return dataset;
    },
  };
}

/** Of keys that a mapping does not have. */
const absentKeys = new WeakSet<object>();

/** The entry of a key that has a new name: the problem names it. */
export function renamedTo(successor: string) {
  const schema = v.optional(v.never(`the key "${successor}", its new name`));
  absentKeys.add(schema);
  return schema;
}

/** The entry of a key that others know and we do not have: the problem says what there is. */
export function refused(expected: string) {
  const schema = v.optional(v.never(expected));
  absentKeys.add(schema);
  return schema;
}

function isAbsent(schema: object | undefined): boolean {
  return schema !== undefined && absentKeys.has(schema);
}

/** Text that is not empty. */
export function text() {
  return v.pipe(v.string(), v.nonEmpty('text that is not empty'));
}

/** The path of a file, read later and again when it changes: certificates, and secrets under `*_file` keys. */
export function filePath() {
  return v.pipe(v.string(), v.nonEmpty('the path of a file'));
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number. */
export function integer({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Bounds = {}) {
  const expected = `a whole number${boundsText({ min, max }, Number.MIN_SAFE_INTEGER, String)}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** A duration such as `15s` or `1h30m`, as milliseconds. */
export function duration({ min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {}) {
  const expected = `a duration such as 15s, 500ms or 1h30m${boundsText({ min, max }, 0, formatDuration)}`;
  return parsed(expected, (written) => {
    const durationMs = parseDuration(written);
    return durationMs !== undefined && durationMs >= min && durationMs <= max ? durationMs : undefined;
  });
}

/** A size such as `64KiB`, `10Mi`, `50MB` or a number of bytes, as bytes. */
export function size({ min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {}) {
  const expected = `a size such as 64KiB, 10Mi or 50MB${boundsText({ min, max }, 0, String)}`;
  return parsed(expected, (written) => {
    const sizeBytes = parseSize(written);
    return sizeBytes !== undefined && sizeBytes >= min && sizeBytes <= max ? sizeBytes : undefined;
  });
}

/** Text (or a number, which YAML makes of `0` or `1048576`) that `parse` understands.
 *  @param parse undefined means that it does not */
export function parsed<T>(expected: string, parse: (written: string) => T | undefined) {
  return v.pipe(
    v.union([v.string(), v.number()], expected),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(String(dataset.value));
      if (value !== undefined) return value;
      addIssue({ message: expected });
      return NEVER;
    }),
  );
}

function boundsText({ min, max }: Required<Bounds>, lowest: number, format: (value: number) => string): string {
  if (max < Number.MAX_SAFE_INTEGER) return `, from ${format(min)} to ${format(max)}`;
  return min > lowest ? `, at least ${format(min)}` : '';
}
