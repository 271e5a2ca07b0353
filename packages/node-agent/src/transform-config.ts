import { section, text } from '@vigie/core/config/fields';
import { DOCUMENT_PATHS } from '@vigie/log-pipeline/encode/document';
import { namesCollide } from '@vigie/log-pipeline/kernel/name-paths';
import * as v from 'valibot';

const inputs = v.pipe(v.array(text()), v.minLength(1, 'at least one input'));

export const parseJsonSchema = section({
  type: v.literal('parse_json'),
  inputs,
  /** Where the object's members go: "" merges at the root, a colliding key then goes under `json`. */
  target: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (target) => !DOCUMENT_PATHS.some((path) => namesCollide(path, target)),
        `a name that records do not have of their own (${DOCUMENT_PATHS.join(', ')})`,
      ),
    ),
    '',
  ),
  /** What happens to a record whose message is no JSON object. */
  on_error: v.optional(v.picklist(['keep', 'drop']), 'keep'),
  /** false leaves the message out, once its members are in the document. */
  keep_message: v.optional(v.boolean(), true),
});

export type TransformConfig = v.InferOutput<typeof parseJsonSchema>;
