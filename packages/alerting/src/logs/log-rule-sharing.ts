/** Log rules whose evaluation moves from one replica to another: whoever evaluates a rule next goes on from what the one before has told, as
 *  after a restart. Told is what a log store cannot say: what was found. What was not found follows from the store, since its lines are counted
 *  again from then on; so that these are few, it is told from time to time as well. */
import { assertNever } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { LogRule } from './log-rule.ts';
import { encodeKeptState, type KeptState, type LogRuleState } from './state/log-rule-state.ts';
import type { ToldLogRule, ToldLogRules } from './state/told-log-rules.ts';

/** How log rules get to know of other replicas. */
export interface LogRuleReplicas {
  readonly told: Pick<ToldLogRules, 'get' | 'retain'>;
  /** Replaces what was told, here at once and at the others soon. */
  readonly tell: (told: ToldLogRule) => void;
}

/** Of a record: it fits into an object also where it cannot be made smaller. ha/shared-object.ts */
const MAX_TOLD_BYTES = 256 * 1024;
/** Where nothing is found: lines that were late by then are still looked for. */
const SHORTEST_PAUSE_MS = 60_000;

export class LogRuleSharing {
  readonly #replicas: LogRuleReplicas;
  readonly #log: Log;

  constructor(replicas: LogRuleReplicas, log: Log) {
    this.#replicas = replicas;
    this.#log = log;
  }

  /** @param atMs of what is known here; undefined: nothing is
   *  @returns what another replica knew later, and is to be gone on from; `kept` is undefined where that could not be told. undefined: none did */
  newer(
    { id, lateMs }: LogRule,
    definition: string,
    atMs: number | undefined,
    nowMs: number,
  ): { readonly kept: KeptState | undefined; readonly atMs: number } | undefined {
    const told = this.#replicas.told.get(id);
    if (told === undefined || told.definition !== definition || told.atMs <= (atMs ?? Number.NEGATIVE_INFINITY))
      return undefined;
    // A clock was wrong: as evaluate/pattern.ts, usableState.
    if (told.atMs > nowMs + lateMs) return undefined;
    const { state } = told;
    return { kept: state === undefined ? undefined : { definition, state }, atMs: told.atMs };
  }

  /** After an evaluation whose alerts others know, or that has what fires in its state.
   *  @param atMs its time */
  evaluated({ id, lateMs }: LogRule, kept: KeptState, atMs: number): void {
    const { definition, state } = kept;
    const before = this.#replicas.told.get(id);
    if (before?.definition === definition) {
      const sinceMs = atMs - before.atMs;
      // Another replica was later; by more than that, a clock was wrong.
      if (sinceMs <= 0 && sinceMs >= -Math.max(SHORTEST_PAUSE_MS, lateMs)) return;
      if (sinceMs > 0 && sinceMs < Math.max(SHORTEST_PAUSE_MS, lateMs / 2) && !hasFound(state, atMs)) return;
    }
    const isTold = Buffer.byteLength(encodeKeptState(kept)) <= MAX_TOLD_BYTES;
    if (!isTold && before?.state !== undefined)
      this.#log.warn('a log rule knows too much to be told to other replicas: with another owner it begins anew', {
        rule: id,
      });
    this.#replicas.tell({ rule: id, atMs, definition, state: isTold ? state : undefined });
  }

  retain(ids: ReadonlySet<string>): void {
    this.#replicas.told.retain(ids);
  }
}

/** Whether an evaluation from the state before it would find the same once more, some time later. */
function hasFound(state: LogRuleState, atMs: number): boolean {
  switch (state.kind) {
    case 'rate':
    case 'expression':
      return state.reopened.length > 0 || (state.windows.at(-1)?.found.length ?? 0) > 0;
    case 'pattern':
    case 'new_term':
      return state.sightings.some(({ times }) => times.at(-1)?.[0] === atMs);
    case 'absence':
      return false;
    default:
      return assertNever(state);
  }
}
