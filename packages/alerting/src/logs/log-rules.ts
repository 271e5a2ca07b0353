/** Evaluates rules on logs: asks the log store, and goes on from what was known the last time. */
import type { Clock } from '@vigie/core/clock';
import { assertNever, bug, errorCode } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { DETECTORS, type DetectorName } from '@vigie/core/redaction/detectors';
import { Redactor } from '@vigie/core/redaction/redactor';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { FoundSample } from '@vigie/rules/query';
import { evaluateAbsence, planAbsence } from './evaluate/absence.ts';
import type { Evaluated, Found } from './evaluate/evaluation.ts';
import { evaluateExpression, planExpression } from './evaluate/expression.ts';
import { Lateness, type LatenessBounds } from './evaluate/lateness.ts';
import { evaluateNewTerm, planNewTerm } from './evaluate/new-term.ts';
import { evaluatePattern, planPattern } from './evaluate/pattern.ts';
import { evaluateRate, planRate } from './evaluate/rate.ts';
import type { Sighting } from './evaluate/sightings.ts';
import type { LogRule } from './log-rule.ts';
import { type LogRuleReplicas, LogRuleSharing } from './log-rule-sharing.ts';
import type { LineCount, LogSource, Steps } from './log-source.ts';
import { definitionOf } from './state/definition.ts';
import { evaluatedAtMs, type KeptState, type LogRuleState } from './state/log-rule-state.ts';
import type { LogRuleStore } from './state/log-rule-store.ts';

export interface LogRulesDeps {
  readonly source: LogSource;
  readonly store: Pick<LogRuleStore, 'load' | 'save' | 'retain'>;
  readonly clock: Clock;
  readonly log: Log;
  /** undefined: nobody else evaluates them. */
  readonly replicas?: LogRuleReplicas | undefined;
}

export interface LogRuleCounts {
  /** What was asked of the store, by result. */
  readonly asked: Record<AskResult, number>;
  /** Lines that pattern rules have found. */
  found: number;
  failedWrites: number;
}

export type AskResult = 'success' | 'unreachable' | 'refused' | 'too_many';

const RESULTS: Readonly<Record<string, AskResult>> = {
  LOGS_UNREACHABLE: 'unreachable',
  LOGS_REFUSED: 'refused',
  LOGS_TOO_MANY: 'too_many',
};

/** Of an evaluation: each is a request. */
const MAX_LINES = 20;
const MAX_LINE_CHARACTERS = 1000;

/** What is known of a rule. */
interface Entry {
  kept: KeptState | undefined;
  /** Of the evaluation of which it is, Unix ms. */
  atMs: number | undefined;
  isUnsaved: boolean;
}

export class LogRules {
  readonly counts: LogRuleCounts = {
    asked: { success: 0, unreachable: 0, refused: 0, too_many: 0 },
    found: 0,
    failedWrites: 0,
  };
  readonly lateness: Lateness;
  readonly #deps: LogRulesDeps;
  readonly #sharing: LogRuleSharing | undefined;
  /** By the ids of rules. */
  readonly #entries = new Map<string, Entry>();
  readonly #redactor = new Redactor({
    presets: Object.keys(DETECTORS).filter((name): name is DetectorName => Object.hasOwn(DETECTORS, name)),
    patterns: [],
    hashKey: undefined,
  });

  constructor(bounds: LatenessBounds, deps: LogRulesDeps) {
    this.#deps = deps;
    this.#sharing = deps.replicas === undefined ? undefined : new LogRuleSharing(deps.replicas, deps.log);
    this.lateness = new Lateness(bounds, deps.clock);
  }

  /** To be followed by `keep`.
   *  @throws {VigieError} LOGS_UNREACHABLE, LOGS_REFUSED, LOGS_TOO_MANY: nothing was evaluated, and what is known stays; ALERTING_STATE */
  async evaluate(rule: LogRule, timestampMs: number, signal: AbortSignal): Promise<readonly FoundSample[]> {
    const definition = definitionOf(rule);
    const entry = await this.#entryOf(rule, definition);
    const newer = this.#sharing?.newer(rule, definition, entry.atMs, timestampMs);
    if (newer !== undefined) {
      entry.kept = newer.kept;
      entry.atMs = newer.atMs;
      entry.isUnsaved = false;
    }
    const { state, found } = await this.#evaluate(rule, entry.kept?.state, timestampMs, signal);
    entry.kept = { definition, state };
    entry.atMs = timestampMs;
    entry.isUnsaved = true;
    return found.map(({ labels, value, line }) => ({ labels, value, histogram: undefined, line }));
  }

  /** Keeps what the last evaluation of a rule has made known, on the disk and for other replicas: to be called when its alerts are kept, for what a
   *  window has found the next evaluation does not find again. Should this process end before, it does. */
  async keep(rule: LogRule): Promise<void> {
    const entry = this.#entries.get(rule.id);
    if (entry?.kept === undefined || entry.atMs === undefined || !entry.isUnsaved) return;
    this.#sharing?.evaluated(rule, entry.kept, entry.atMs);
    await this.#save(rule, entry);
  }

  /** What there is of other rules is forgotten. */
  async retain(ids: readonly string[]): Promise<void> {
    const kept = new Set(ids);
    for (const id of this.#entries.keys()) if (!kept.has(id)) this.#entries.delete(id);
    this.#sharing?.retain(kept);
    try {
      await this.#deps.store.retain(ids);
    } catch (error) {
      this.#failed(error, 'the state of former log rules cannot be removed');
    }
  }

  async #entryOf({ id }: LogRule, definition: string): Promise<Entry> {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      if (known.kept?.definition !== definition) {
        known.kept = undefined;
        known.atMs = undefined;
        known.isUnsaved = false;
      }
      return known;
    }
    const loaded = await this.#deps.store.load(id);
    if (loaded === 'damaged')
      this.#deps.log.error('the state of a log rule is damaged, and it begins anew', { rule: id });
    const isUsable = loaded !== undefined && loaded !== 'damaged' && loaded.definition === definition;
    const kept = isUsable ? loaded : undefined;
    const entry: Entry = { kept, atMs: kept && evaluatedAtMs(kept.state), isUnsaved: false };
    this.#entries.set(id, entry);
    return entry;
  }

  async #evaluate(
    rule: LogRule,
    before: LogRuleState | undefined,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<Evaluated<LogRuleState>> {
    const { delayMs } = this.lateness;
    const untilMs = nowMs - delayMs;
    switch (rule.kind) {
      case 'expression': {
        const state = ofKind(before, rule.kind);
        return this.#catchingUp(rule, state !== undefined, async (catchUpMs) => {
          const plan = planExpression(rule, state, untilMs, catchUpMs);
          const samples = await this.#ask((source) => source.evaluate(rule.expression, plan.steps, signal));
          return evaluateExpression(state, plan, samples);
        });
      }
      case 'rate': {
        const state = ofKind(before, rule.kind);
        const evaluated = await this.#catchingUp(rule, state !== undefined, async (catchUpMs) => {
          const plan = planRate(rule, state, untilMs, catchUpMs);
          return evaluateRate(rule, state, plan, await this.#counts(rule, rule.by, plan.steps, signal));
        });
        const waited = ({ latenessMs, count }: (typeof evaluated.lines)[number]) => ({
          latenessMs: latenessMs === 0 ? 0 : latenessMs + delayMs,
          count,
        });
        this.lateness.observe(evaluated.lines.map(waited));
        const range = { fromMs: untilMs - rule.rangeMs, toMs: untilMs };
        return { ...evaluated, found: await this.#withLines(rule, evaluated.found, range, signal) };
      }
      case 'pattern': {
        const state = ofKind(before, rule.kind);
        const evaluated = await this.#catchingUp(rule, state !== undefined, async (catchUpMs) => {
          const steps = planPattern(rule, state, nowMs, catchUpMs);
          return { steps, ...evaluatePattern(rule, state, nowMs, await this.#counts(rule, rule.by, steps, signal)) };
        });
        this.lateness.observe(evaluated.lines);
        this.counts.found += evaluated.lines.reduce((sum, { count }) => sum + count, 0);
        return this.#sighted(rule, rule.by, evaluated, nowMs, evaluated.steps, signal);
      }
      case 'absence': {
        const state = ofKind(before, rule.kind);
        return this.#catchingUp(rule, state !== undefined, async (catchUpMs) => {
          const steps = planAbsence(rule, state, nowMs, delayMs, catchUpMs);
          const counts = await this.#counts(rule, rule.by, steps, signal);
          return evaluateAbsence(rule, state, nowMs, delayMs, steps, counts);
        });
      }
      case 'new_term': {
        const state = ofKind(before, rule.kind);
        const by = [...rule.by, rule.field];
        const evaluated = await this.#catchingUp(rule, state !== undefined, async (catchUpMs) => {
          const steps = planNewTerm(rule, state, nowMs, catchUpMs);
          return { steps, ...evaluateNewTerm(rule, state, nowMs, steps, await this.#counts(rule, by, steps, signal)) };
        });
        return this.#sighted(rule, by, evaluated, nowMs, evaluated.steps, signal);
      }
      default:
        return assertNever(rule);
    }
  }

  /** After an outage there may be more than a rule may have: then what came meanwhile is left. */
  async #catchingUp<T>(
    { id }: LogRule,
    hasState: boolean,
    attempt: (catchUpMs: number | undefined) => Promise<T>,
  ): Promise<T> {
    try {
      return await attempt(undefined);
    } catch (error) {
      if (!hasState || errorCode(error) !== 'LOGS_TOO_MANY') throw error;
      const result = await attempt(0);
      this.#deps.log.error('what came before is too much for a log rule, and is not looked for', { rule: id, error });
      return result;
    }
  }

  #counts(
    { query }: Extract<LogRule, { readonly query: unknown }>,
    by: readonly string[],
    steps: Steps,
    signal: AbortSignal,
  ): Promise<readonly LineCount[]> {
    return this.#ask((source) => source.counts({ query, by, ...steps }, signal));
  }

  async #ask<T>(question: (source: LogSource) => Promise<T>): Promise<T> {
    const { asked } = this.counts;
    try {
      const answer = await question(this.#deps.source);
      asked.success += 1;
      return answer;
    } catch (error) {
      const result = RESULTS[errorCode(error) ?? ''];
      if (result !== undefined) asked[result] += 1;
      throw error;
    }
  }

  /** With lines of what was found just now; they are kept as long as it fires. */
  async #sighted<State extends LogRuleState & { readonly sightings: readonly Sighting[] }>(
    rule: Extract<LogRule, { readonly kind: 'pattern' | 'new_term' }>,
    by: readonly string[],
    { state, found, lines }: Evaluated<State>,
    nowMs: number,
    range: Pick<Steps, 'fromMs' | 'toMs'>,
    signal: AbortSignal,
  ): Promise<Evaluated<State>> {
    const isNew = state.sightings.map(({ times }) => times.at(-1)?.[0] === nowMs);
    const wanted = found.filter((_, index) => isNew[index] === true);
    const fresh = await this.#withLines({ ...rule, by }, wanted, range, signal);
    const byKey = new Map(fresh.map((one) => [one.labels.key, one.line] as const));
    const lineOf = (labels: LabelSet, before: string): string => byKey.get(labels.key) || before;
    return {
      state: {
        ...state,
        sightings: state.sightings.map((one) => ({ ...one, line: lineOf(LabelSet.of(one.labels), one.line) })),
      },
      found: found.map((one) => ({ ...one, line: lineOf(one.labels, one.line) })),
      lines,
    };
  }

  /** A line that cannot be had keeps no alert from anybody. */
  async #withLines(
    {
      id,
      wantsLine,
      query,
      by,
    }: Pick<Extract<LogRule, { readonly query: unknown }>, 'id' | 'wantsLine' | 'query' | 'by'>,
    found: readonly Found[],
    { fromMs, toMs }: Pick<Steps, 'fromMs' | 'toMs'>,
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    if (!wantsLine) return found;
    const withLines: Found[] = [];
    for (const one of found.slice(0, MAX_LINES)) {
      try {
        const line = await this.#ask((source) =>
          source.newestLine({ query, by, labels: one.labels, fromMs, toMs }, signal),
        );
        withLines.push(line === undefined ? one : { ...one, line: this.#shown(line.message) });
      } catch (error) {
        signal.throwIfAborted();
        this.#deps.log.warn('a line for an alert cannot be had', { rule: id, error });
        withLines.push(one);
      }
    }
    return [...withLines, ...found.slice(MAX_LINES)];
  }

  /** What is cut may be the half of a secret, which nobody would recognise: the cut comes last. */
  #shown(message: string): string {
    const redacted = this.#redactor.redactText(message);
    return redacted.length <= MAX_LINE_CHARACTERS ? redacted : `${redacted.slice(0, MAX_LINE_CHARACTERS)}…`;
  }

  async #save({ id }: Pick<LogRule, 'id'>, entry: Entry): Promise<void> {
    if (entry.kept === undefined) throw bug('a state that is not there is kept');
    try {
      await this.#deps.store.save(id, entry.kept);
      entry.isUnsaved = false;
    } catch (error) {
      this.#failed(error, 'the state of a log rule cannot be kept');
    }
  }

  #failed(error: unknown, message: string): void {
    this.counts.failedWrites += 1;
    this.#deps.log.error(message, { error });
  }
}

function ofKind<Kind extends LogRuleState['kind']>(
  state: LogRuleState | undefined,
  kind: Kind,
): Extract<LogRuleState, { readonly kind: Kind }> | undefined {
  const isOfKind = (one: LogRuleState): one is Extract<LogRuleState, { readonly kind: Kind }> => one.kind === kind;
  return state !== undefined && isOfKind(state) ? state : undefined;
}
