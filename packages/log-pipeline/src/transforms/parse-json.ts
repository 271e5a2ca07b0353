/** `parse_json`: the members of a message that is a JSON object become members of the record. Nothing is decoded and
 *  built again: the record's extra column points at the bytes between the braces, in the message itself where they can
 *  stand as they are, in the arena where something has to move. */
import { section } from '@vigie/core/config/fields';
import { bug } from '@vigie/core/errors';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../kernel/layout.ts';
import { namesCollide } from '../kernel/name-paths.ts';
import { ObjectMembers } from './object-members.ts';
import { Outcomes } from './outcomes.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const parseJsonSchema = section({
  type: v.literal('parse_json'),
  ...transformEntries,
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

export interface ParseJsonOptions {
  /** Member that takes the whole object; empty merges its members into the record's root. It must not collide with a
   *  reserved name. */
  readonly target: string;
  /** What happens to a record whose message is no JSON object: it stays as it is, or it is dropped; counted both ways. */
  readonly onError: 'keep' | 'drop';
  /** false leaves the message out of records whose members were taken over. */
  readonly keepMessage: boolean;
  /** Names, or dotted paths, of what the record has itself. At the root a member that collides with one (equal, or one
   *  is a path below the other) goes into the object `json`, as does a member called `json`. */
  readonly reservedNames: readonly string[];
}

/** Member that takes what collides at the root. */
const COLLISIONS_NAME = 'json';

/** Reasons it counts: `not_an_object`, `invalid_json`, `too_deep` (over 64 levels), and `no_room` where the batch's arena
 *  is full (never a reason to drop).
 *  Cost: one scan of the message; besides, for the target's name, a collision or what cannot stand as it is (see
 *  `ScanResult.needsRewrite`), a copy. */
export class ParseJson implements Transform {
  readonly type = 'parse_json';
  readonly #onError: 'keep' | 'drop';
  readonly #hides: boolean;
  readonly #members: ObjectMembers;

  constructor({ target, onError, keepMessage, reservedNames }: ParseJsonOptions) {
    const reserved = target === '' ? undefined : reservedNames.find((name) => namesCollide(name, target));
    if (reserved !== undefined) throw bug(`parse_json into '${target}', where records have '${reserved}' themselves`);
    this.#onError = onError;
    this.#hides = !keepMessage;
    const taken = keepMessage ? reservedNames : reservedNames.filter((name) => name !== 'message');
    this.#members = new ObjectMembers(target, taken, COLLISIONS_NAME);
  }

  apply(batch: Batch, context: TransformContext): void {
    const { kernel, table, rowCount } = batch;
    this.#members.begin(kernel);
    const outcomes = new Outcomes(this.#onError);
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const reason = this.#members.take(batch, row, table.messageStart(row), table.messageLength(row));
      if (reason !== undefined) outcomes.failed(batch, row, reason);
      else if (this.#hides) table.setFlags(row, flags | FLAG_HIDE_MESSAGE);
    }
    outcomes.report(context);
  }
}
