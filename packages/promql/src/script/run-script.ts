/** Runs test scripts in the format of Prometheus' promqltest, with its options: experimental language, delayed removal of
 *  names, start timestamps. Each instant query is run once more in a range, and pinned to its time at other times. */
import { describeError } from '@vigie/core/errors';
import type { AnnotationTexts } from '../evaluate/annotations.ts';
import { Engine, type Query } from '../evaluate/engine.ts';
import type { InstantResult, InstantSample } from '../evaluate/result.ts';
import { isAlmostEqual } from '../histogram/classic.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { StoredSample } from '../storage/memory-storage.ts';
import type { Querier } from '../storage/querier.ts';
import { parseExpr } from '../syntax/parse.ts';
import { formatGeneral } from '../text/float.ts';
import { compareMatrix, compareVector, type Difference } from './compare.ts';
import { pinTo } from './pin.ts';
import { type EvalCommand, type Expectation, type ExpectationKind, parseScript } from './script.ts';
import { ScriptError } from './script-error.ts';

/** A storage that a script fills. */
export interface ScriptStorage {
  readonly querier: Querier;
  append(labels: LabelSet, samples: readonly StoredSample[]): Promise<void>;
  close(): Promise<void>;
}

export interface ScriptFailure extends Difference {
  /** Of the eval command, or of the line that cannot be read; from 1. */
  readonly line: number;
  readonly query: string;
}

export interface ScriptOutcome {
  readonly passed: number;
  readonly failures: readonly ScriptFailure[];
}

const OPTIONS = { experimental: true, delayedNameRemoval: true, useStartTimestamps: true };
const MINUTE_MS = 60_000;

/** @param open a new, empty storage; called at the beginning and at each `clear` */
export async function runScript(
  text: string,
  open: () => Promise<ScriptStorage>,
  signal: AbortSignal,
): Promise<ScriptOutcome> {
  const failures: ScriptFailure[] = [];
  let passed = 0;
  let storage = await open();
  try {
    for (const command of parseScript(text)) {
      signal.throwIfAborted();
      if (command.kind === 'clear') {
        await storage.close();
        storage = await open();
      } else if (command.kind === 'load') {
        for (const { labels, samples } of command.series) await storage.append(labels, samples);
      } else {
        const difference = await new Case(command, storage.querier, signal).run();
        if (difference === undefined) passed += 1;
        else failures.push({ line: command.line, query: command.query, ...difference });
      }
    }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    failures.push({ line: error.line, query: '', expected: 'a line that can be read', got: error.message });
  } finally {
    await storage.close();
  }
  return { passed, failures };
}

class Case {
  readonly #command: EvalCommand;
  readonly #querier: Querier;
  readonly #signal: AbortSignal;
  readonly #engine = new Engine(OPTIONS);

  constructor(command: EvalCommand, querier: Querier, signal: AbortSignal) {
    this.#command = command;
    this.#querier = querier;
    this.#signal = signal;
  }

  async run(): Promise<Difference | undefined> {
    const { query, stepMs, startMs } = this.#command;
    if (stepMs > 0) return this.#expecting(() => this.#range(query));
    const difference = await this.#expecting(() => this.#instant(query, startMs));
    if (difference !== undefined || this.#has('fail')) return difference;
    return this.#pinned();
  }

  /** With a `fail` expected, that it fails as expected. */
  async #expecting(evaluate: () => Promise<Difference | undefined>): Promise<Difference | undefined> {
    const failing = this.#command.expectations.filter(({ kind }) => kind === 'fail');
    try {
      const difference = await evaluate();
      return failing.length > 0 ? { expected: 'an error', got: 'none' } : difference;
    } catch (error) {
      this.#signal.throwIfAborted();
      const message = describeError(error);
      if (failing.length === 0) return { expected: 'an answer', got: `error: ${message}` };
      const wrong = failing.find((expectation) => !fulfils(expectation, message));
      return wrong && { expected: `error ${describeExpectation(wrong)}`, got: `error: ${message}` };
    }
  }

  async #pinned(): Promise<Difference | undefined> {
    const { query, startMs } = this.#command;
    const atMs = this.#command.matrix?.endMs ?? startMs;
    const expr = pinTo(parseExpr(query, OPTIONS), atMs);
    if (expr === undefined) return undefined;
    const times = atMs === 0 ? [-1000, 0, 1000] : [-10 * atMs, 0, Math.trunc(atMs / 5), atMs, 10 * atMs];
    for (const timeMs of times) {
      const difference = await this.#expecting(() => this.#instant({ text: query, expr }, timeMs));
      if (difference !== undefined) {
        return {
          ...difference,
          got: `${difference.got} (pinned with @ ${atMs / 1000}, evaluated at ${timeMs / 1000})`,
        };
      }
    }
    return undefined;
  }

  async #range(query: Query): Promise<Difference | undefined> {
    const { startMs, endMs, stepMs, series } = this.#command;
    const answer = await this.#engine.range(this.#querier, query, { startMs, endMs, stepMs }, this.#signal);
    return this.#checkAnnotations(answer) ?? compareMatrix(series, answer.result, { startMs, stepMs });
  }

  async #instant(query: Query, timeMs: number): Promise<Difference | undefined> {
    const answer = await this.#engine.instant(this.#querier, query, timeMs, this.#signal);
    const difference = this.#checkAnnotations(answer) ?? this.#compare(answer.result);
    const { result } = answer;
    if (difference !== undefined || result.type === 'matrix' || result.type === 'string') return difference;
    if (this.#has('ordered') || /(?:start|end|range|step)\(\)/.test(this.#command.query)) return undefined;
    const inRange = await this.#middleOfRange(query, timeMs, result.type);
    const again = this.#compare(inRange);
    return again && { ...again, got: `${again.got} (in a range query)` };
  }

  /** The same step of a range query. */
  async #middleOfRange(query: Query, timeMs: number, type: 'vector' | 'scalar'): Promise<InstantResult> {
    const times = { startMs: timeMs - MINUTE_MS, endMs: timeMs + MINUTE_MS, stepMs: MINUTE_MS };
    const { result } = await this.#engine.range(this.#querier, query, times, this.#signal);
    const samples: InstantSample[] = [];
    for (const { labels, timestampsMs, values, histograms } of result) {
      const at = timestampsMs.indexOf(timeMs);
      if (at >= 0) samples.push({ labels, value: values[at]!, histogram: histograms?.[at] });
    }
    if (type === 'vector') return { type, timestampMs: timeMs, samples };
    return { type, timestampMs: timeMs, value: samples[0]?.value ?? Number.NaN };
  }

  #compare(result: InstantResult): Difference | undefined {
    const { series, scalar, string, matrix } = this.#command;
    switch (result.type) {
      case 'vector':
        if (scalar !== undefined) return { expected: `scalar ${formatGeneral(scalar)}`, got: 'a vector' };
        return compareVector(series, result.samples, this.#has('ordered'));
      case 'scalar': {
        const isSame = scalar !== undefined && isAlmostEqual(scalar, result.value, 1e-6);
        const expected = scalar === undefined ? 'a vector' : `scalar ${formatGeneral(scalar)}`;
        return isSame ? undefined : { expected, got: `scalar ${formatGeneral(result.value)}` };
      }
      case 'string':
        return string === result.value
          ? undefined
          : { expected: `string ${JSON.stringify(string)}`, got: `string ${JSON.stringify(result.value)}` };
      case 'matrix':
        return compareMatrix(series, result.series, matrix ?? { startMs: this.#command.startMs, stepMs: 1 });
    }
  }

  #has(kind: ExpectationKind): boolean {
    return this.#command.expectations.some((expectation) => expectation.kind === kind);
  }

  #checkAnnotations({ warnings, infos }: AnnotationTexts): Difference | undefined {
    if (this.#has('no_warn') && warnings.length > 0) return { expected: 'no warnings', got: warnings.join('; ') };
    if (this.#has('no_info') && infos.length > 0) return { expected: 'no infos', got: infos.join('; ') };
    return this.#checkTexts('warn', warnings) ?? this.#checkTexts('info', infos);
  }

  /** Each expectation is met, and each text is expected. */
  #checkTexts(kind: 'warn' | 'info', texts: readonly string[]): Difference | undefined {
    const expectations = this.#command.expectations.filter((expectation) => expectation.kind === kind);
    if (expectations.length === 0) return undefined;
    const got = texts.length === 0 ? `no ${kind} annotation` : texts.join('; ');
    const unmet = expectations.find((expectation) => !texts.some((text) => fulfils(expectation, text)));
    if (unmet !== undefined) return { expected: `${kind} ${describeExpectation(unmet)}`, got };
    const surplus = texts.find((text) => !expectations.some((expectation) => fulfils(expectation, text)));
    return surplus === undefined ? undefined : { expected: `no other ${kind} annotation`, got: surplus };
  }
}

function fulfils({ message, regex }: Expectation, text: string): boolean {
  if (message !== undefined) return message === text;
  return regex?.test(text) ?? true;
}

function describeExpectation({ message, regex }: Expectation): string {
  if (message !== undefined) return message;
  return regex === undefined ? 'of any kind' : `that matches ${regex.source}`;
}
