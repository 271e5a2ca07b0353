/** `multiline`: lines of one message become one record. It stands first behind a source, because only there is it known
 *  which bytes of the file an unfinished record keeps. */
import { duration, integer, section, size } from '@vigie/core/config/fields';
import { compileRegex } from '@vigie/core/regex';
import * as v from 'valibot';
import { regexText } from '../transforms/regex-text.ts';
import { transformEntries } from '../transforms/transform-section.ts';
import type { Multiline } from './join-lines.ts';
import { goesOnAt, startsAt } from './pattern.ts';
import { anyOf, isMultilinePreset, MULTILINE_PRESETS, type MultilinePreset } from './presets.ts';
import type { MultilineRule } from './rule.ts';

const preset = v.custom<MultilinePreset>(
  (written) => typeof written === 'string' && isMultilinePreset(written),
  `one of ${Object.keys(MULTILINE_PRESETS).join(', ')}`,
);

export const multilineSchema = v.pipe(
  section({
    type: v.literal('multiline'),
    ...transformEntries,
    /** Stack traces of a language, or of several; the more, the more each line costs. */
    preset: v.optional(v.union([preset, v.pipe(v.array(preset), v.minLength(1, 'at least one preset'))])),
    /** A line that matches begins a record, every other goes on with it. */
    start_pattern: v.optional(regexText),
    /** A line that matches goes on with the record, every other begins one. */
    continue_pattern: v.optional(regexText),
    /** A record is complete when so long no line was added. */
    timeout: v.optional(duration({ min: 10, max: 60_000 }), '1s'),
    /** A record that has as many lines ends, and the next line begins another. */
    max_lines: v.optional(integer({ min: 2, max: 100_000 }), 1000),
    /** The same for its bytes; at most the source's max_line_bytes. */
    max_bytes: v.optional(size({ min: 1024, max: 16 * 1024 * 1024 }), '256KiB'),
  }),
  v.check(
    ({ preset: named, start_pattern: starts, continue_pattern: goesOn }) =>
      [named, starts, goesOn].filter((given) => given !== undefined).length === 1,
    'one of preset, start_pattern and continue_pattern',
  ),
);

export type MultilineConfig = v.InferOutput<typeof multilineSchema>;

export function multilineOf(config: Omit<MultilineConfig, 'type' | 'inputs'>): Multiline {
  const rule = ruleOf(config);
  const { max_lines: maxLines, max_bytes: maxBytes, timeout: timeoutMs } = config;
  return { stdout: rule, stderr: rule, maxLines, maxBytes, timeoutMs };
}

/** What a section with nothing but a preset says. */
export function presetMultiline(name: MultilinePreset): Multiline {
  return multilineOf(v.parse(multilineSchema, { type: 'multiline', inputs: ['-'], preset: name }));
}

function ruleOf({ preset: named, start_pattern: starts, continue_pattern: goesOn }: RuleConfig): MultilineRule {
  if (starts !== undefined) return startsAt(compileRegex(starts));
  if (goesOn !== undefined) return goesOnAt(compileRegex(goesOn));
  const names = Array.isArray(named) ? named : named === undefined ? [] : [named];
  return anyOf(names.map((name: MultilinePreset) => MULTILINE_PRESETS[name]));
}

type RuleConfig = Pick<MultilineConfig, 'preset' | 'start_pattern' | 'continue_pattern'>;
