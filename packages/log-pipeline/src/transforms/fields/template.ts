/** Text with fields of the record in it: `{{ kubernetes.namespace }}/{{ user.id }}`. */
import { text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../../batch/batch.ts';
import type { ContainerFacts, TransformContext } from '../transform.ts';
import { type Field, fieldOf, readField } from './field.ts';
import { textOfValue } from './value.ts';

const FIELD = /\{\{\s*([^{}\s]+)\s*\}\}/g;

export const templateSchema = v.pipe(
  text(),
  v.check((source) => !/\{\{|\}\}/.test(source.replaceAll(FIELD, '')), 'a field between each {{ and }}'),
);

/** Of one transform of one lane. */
export class RecordTemplate {
  readonly #parts: readonly (string | Field)[];
  /** The same text for every record of a batch, rendered once. */
  readonly #isShared: boolean;
  #shared: string | undefined;

  constructor(source: string) {
    const parts: (string | Field)[] = [];
    let end = 0;
    for (const match of source.matchAll(FIELD)) {
      if (match.index > end) parts.push(source.slice(end, match.index));
      parts.push(fieldOf(match[1] ?? ''));
      end = match.index + match[0].length;
    }
    if (end < source.length) parts.push(source.slice(end));
    this.#parts = parts;
    this.#isShared = parts.every((part) => typeof part === 'string' || part.scope === 'container');
  }

  get isShared(): boolean {
    return this.#isShared;
  }

  /** Before the first `render` of a batch. */
  begin(batch: Batch, context: Pick<TransformContext, 'facts'>): void {
    if (this.#isShared) this.#shared = this.#render(batch, 0, () => context.facts);
  }

  /** @returns undefined where the record lacks one of the fields */
  render(batch: Batch, row: number, facts: () => ContainerFacts): string | undefined {
    return this.#isShared ? this.#shared : this.#render(batch, row, facts);
  }

  #render(batch: Batch, row: number, facts: () => ContainerFacts): string | undefined {
    let rendered = '';
    for (const part of this.#parts) {
      const piece = typeof part === 'string' ? part : textOfValue(readField(part, batch, row, facts));
      if (piece === undefined) return undefined;
      rendered += piece;
    }
    return rendered;
  }
}
