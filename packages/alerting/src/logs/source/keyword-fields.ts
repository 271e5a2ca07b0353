/** Which field of an index is asked where values are compared whole: of what is mapped as text, its `.keyword`. */
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { member } from './ask.ts';

/** The first documents of a field may change what it is. */
const KEPT_MS = 60_000;

interface Kept {
  readonly field: string;
  readonly untilMs: number;
}

export class KeywordFields {
  /** @returns what /_field_caps says */
  readonly #ask: (fields: readonly string[], signal: AbortSignal) => Promise<unknown>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By the fields of rules, of which there are few. */
  readonly #kept = new Map<string, Kept>();

  constructor(
    ask: (fields: readonly string[], signal: AbortSignal) => Promise<unknown>,
    clock: Pick<Clock, 'monotonicMs'>,
  ) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** @throws {VigieError} LOGS_REFUSED: a field is text, and nothing beside it is compared whole; LOGS_UNREACHABLE */
  async of(fields: readonly string[], signal: AbortSignal): Promise<(field: string) => string> {
    const nowMs = this.#clock.monotonicMs();
    const unknown = [...new Set(fields)].filter((field) => (this.#kept.get(field)?.untilMs ?? -1) < nowMs);
    if (unknown.length > 0) {
      const answer = await this.#ask(
        unknown.flatMap((field) => [field, `${field}.keyword`]),
        signal,
      );
      for (const field of unknown) this.#kept.set(field, { field: keywordOf(field, answer), untilMs: nowMs + KEPT_MS });
    }
    return (field) => this.#kept.get(field)?.field ?? field;
  }
}

/** A field that no index has stays: there is nothing to find in it. */
function keywordOf(field: string, answer: unknown): string {
  const own = isAggregatable(member(answer, 'fields', field));
  if (own !== false) return field;
  if (isAggregatable(member(answer, 'fields', `${field}.keyword`)) === true) return `${field}.keyword`;
  throw new VigieError(
    'LOGS_REFUSED',
    `the field ${field} is text in at least one index, whose values cannot be counted or compared whole: map it as keyword, or exclude that index`,
  );
}

/** @param types what is said of a field, by its types
 *  @returns undefined where no index has it */
function isAggregatable(types: unknown): boolean | undefined {
  if (typeof types !== 'object' || types === null) return undefined;
  const mapped = Object.entries(types).filter(([type]) => type !== 'unmapped');
  if (mapped.length === 0) return undefined;
  return mapped.every(([, of]) => member(of, 'aggregatable') === true);
}
