/** What the sections of transforms that parse text have in common, and what their records have of their own. */
import { text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { namesCollide } from '../kernel/name-paths.ts';

/** Whether a member of that name would be in the way of what records have themselves. */
export function isReserved(name: string): boolean {
  return DOCUMENT_PATHS.some((path) => namesCollide(path, name));
}

/** Names that members at the root must not have.
 *  @param keepsMessage the record has its message beside them */
export function reservedNames(keepsMessage: boolean): readonly string[] {
  return keepsMessage ? DOCUMENT_PATHS : DOCUMENT_PATHS.filter((name) => name !== 'message');
}

export const parserEntries = {
  /** The text that is parsed. */
  field: v.optional(text(), 'message'),
  /** Member that takes what was parsed; empty for the record's root. */
  target: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (target) => !isReserved(target),
        `a name that records do not have of their own (${DOCUMENT_PATHS.join(', ')})`,
      ),
    ),
    '',
  ),
  /** What happens to a record whose text is not like that. */
  on_error: v.optional(v.picklist(['keep', 'drop']), 'keep'),
  /** false leaves the message out, once it is parsed. */
  keep_message: v.optional(v.boolean(), true),
};

export interface ParserConfig {
  readonly field: string;
  readonly target: string;
  readonly on_error: 'keep' | 'drop';
  readonly keep_message: boolean;
}
