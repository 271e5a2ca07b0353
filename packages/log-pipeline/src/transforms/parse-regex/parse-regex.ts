/** `parse_regex`: the named groups of a regular expression become members of the record. */
import { section } from '@vigie/core/config/fields';
import { compileRegex, type Regex } from '@vigie/core/regex';
import * as v from 'valibot';
import type { Batch } from '../../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../../kernel/layout.ts';
import { type Field, fieldOf } from '../fields/field.ts';
import { locateText } from '../fields/located-text.ts';
import { Outcomes } from '../outcomes.ts';
import { isReserved, type ParserConfig, parserEntries } from '../parser-section.ts';
import { regexText } from '../regex-text.ts';
import type { Transform, TransformContext } from '../transform.ts';
import { transformEntries } from '../transform-section.ts';
import { MAX_GROUPS } from './line-extractor.ts';
import { LineParser } from './line-parser.ts';
import { type LinePattern, PRESET_NAMES, PRESETS } from './presets.ts';

export const parseRegexSchema = v.pipe(
  section({
    type: v.literal('parse_regex'),
    ...transformEntries,
    /** Its named groups become members; a group `message` becomes the record's message. */
    pattern: v.optional(regexText),
    /** In its place: lines that many programs write. */
    preset: v.optional(v.picklist(PRESET_NAMES)),
    /** Of groups of `pattern`: those that are numbers. */
    types: v.optional(v.record(v.string(), v.picklist(['text', 'number'])), {}),
    ...parserEntries,
  }),
  v.check(({ pattern, preset }) => (pattern === undefined) !== (preset === undefined), 'one of pattern and preset'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues !== undefined || dataset.value.pattern === undefined) return;
    const { pattern, types, target } = dataset.value;
    for (const message of problemsOf(compileRegex(pattern), types, target)) addIssue({ message });
  }),
);

type ParseRegexConfig = Pick<v.InferOutput<typeof parseRegexSchema>, 'pattern' | 'preset' | 'types'> & ParserConfig;

/** Counts as kept, or drops: `no_match`, `no_field`; as kept always: `no_room`.
 *  Cost: a table look-up per byte in the kernel, less where one class of bytes runs long; twice that for patterns whose
 *  groups are only known at the end (docs/decisions/0015). */
export class ParseRegex implements Transform {
  readonly type = 'parse_regex';
  readonly #field: Field;
  readonly #parser: LineParser;
  readonly #onError: 'keep' | 'drop';
  readonly #text = { start: 0, end: 0 };

  constructor({ pattern, preset, types, field, target, on_error: onError, keep_message: keeps }: ParseRegexConfig) {
    const patterns = pattern === undefined ? PRESETS[preset ?? 'nginx'] : [ownPattern(pattern, types)];
    this.#parser = new LineParser(patterns, { target, omitsDash: pattern === undefined, hidesMessage: !keeps });
    this.#field = fieldOf(field);
    this.#onError = onError;
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    const outcomes = new Outcomes(this.#onError);
    for (let row = 0; row < rowCount; row++) {
      if ((table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const located = locateText(this.#field, batch, row, context, this.#text);
      const outcome = located === 'found' ? this.#parser.parse(batch, row, this.#text.start, this.#text.end) : located;
      if (outcome !== 'parsed') outcomes.failed(batch, row, outcome);
    }
    outcomes.report(context);
  }
}

function problemsOf({ groupNames }: Regex, types: Readonly<Record<string, string>>, target: string): readonly string[] {
  const names = groupNames.filter((name) => name !== undefined);
  const problems = Object.keys(types)
    .filter((name) => !names.includes(name))
    .map(() => `types of the pattern's groups (${names.join(', ')})`);
  if (groupNames.length > MAX_GROUPS + 1) problems.push(`a pattern of at most ${MAX_GROUPS} groups`);
  if (names.length === 0) problems.push('a pattern with named groups, such as (?P<status>[0-9]+)');
  const reserved = names.find((name) => name !== 'message' && isReserved(name));
  if (reserved !== undefined && target === '') problems.push(`a target, for records have '${reserved}' of their own`);
  return problems;
}

function namesIn(source: string): readonly string[] {
  return compileRegex(source).groupNames.filter((name) => name !== undefined);
}

function ownPattern(source: string, types: Readonly<Record<string, 'text' | 'number'>>): LinePattern {
  const members = namesIn(source)
    .filter((name) => name !== 'message')
    .map((name) => [name, { name, form: { kind: types[name] ?? 'text' } }] as const);
  return { source, members: Object.fromEntries(members) };
}
