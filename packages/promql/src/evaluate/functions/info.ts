/** info(): labels of info series, such as target_info, on the series that they are about. Source: Prometheus,
 *  promql/info.go. */
import { escapeRegex } from '@vigie/core/regex/escape-regex';
import { type LabelSet, METRIC_NAME } from '../../labels/label-set.ts';
import { Matcher } from '../../labels/matcher.ts';
import { describeLabels } from '../../text/labels.ts';
import { ABSENT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock, release, type Steps } from '../evaluation.ts';
import { evaluationError } from '../failure.ts';
import type { CallPlan, Plan, VectorPlan } from '../plan.ts';
import { selectInstants } from '../select.ts';

/** What a target's series and its info series share. */
const IDENTIFYING = ['instance', 'job'];
const DEFAULT_METRIC = 'target_info';
/** Where the selector only says which ones it does not mean. */
const ANY_INFO_METRIC = '.+_info';

export async function callInfo(evaluation: Evaluation, { args, range }: CallPlan, steps: Steps): Promise<VectorBlock> {
  const [vector, selector] = args;
  if (vector === undefined) throw evaluationError('info without its vector');
  const base = await evaluation.vector(vector, steps);
  const asked = selector === undefined ? [] : matchersOf(selector);
  const nameMatchers = asked.filter(({ name }) => name === METRIC_NAME);
  if (nameMatchers.length === 0) nameMatchers.push(new Matcher(METRIC_NAME, '=', DEFAULT_METRIC));
  else if (!nameMatchers.some(isPositive)) nameMatchers.push(new Matcher(METRIC_NAME, '=~', ANY_INFO_METRIC));
  const ignoring = selector === undefined || asked.some(({ name }) => name === METRIC_NAME) ? nameMatchers : [];
  const asksByName = selector === undefined || asked.some((one) => one.name === METRIC_NAME && isPositive(one));
  const isInfo = (labels: LabelSet): boolean =>
    asksByName && ignoring.every((matcher) => matcher.matches(labels.get(METRIC_NAME)));
  const dataMatchers = asked.filter(({ name }) => name !== METRIC_NAME);
  const identity = identifyingMatchers(base, isInfo);
  const info =
    identity.length === 0
      ? newBlock(evaluation, steps.count, 0)
      : await selectInstants(
          evaluation,
          infoPlan(vector, range, [...nameMatchers, ...identity, ...dataMatchers]),
          steps,
          (columns, at) => columns.timestampsMs[at]!,
        );
  const output = await new InfoJoin(evaluation, base, info, isInfo, dataMatchers).run();
  release(evaluation, base);
  release(evaluation, info);
  return output;
}

function isPositive({ operator }: Matcher): boolean {
  return operator === '=' || operator === '=~';
}

function matchersOf(plan: Plan): readonly Matcher[] {
  if (plan.kind === 'invariant') return matchersOf(plan.expr);
  return plan.kind === 'vector' ? plan.matchers : [];
}

function identifyingMatchers(base: VectorBlock, isInfo: (labels: LabelSet) => boolean): readonly Matcher[] {
  const matchers: Matcher[] = [];
  for (const name of IDENTIFYING) {
    const values = new Set<string>();
    for (const labels of base.labels) {
      const value = labels.get(name);
      if (value !== '' && !isInfo(labels)) values.add(value);
    }
    if (values.size > 0) matchers.push(new Matcher(name, '=~', [...values].map(escapeRegex).join('|')));
  }
  return matchers;
}

/** Info series are looked up where the first selector of the vector looks. */
function infoPlan(vector: Plan, range: CallPlan['range'], matchers: readonly Matcher[]): VectorPlan {
  const { atMs, offsetMs } = referenceOf(vector) ?? { atMs: undefined, offsetMs: 0 };
  return {
    kind: 'vector',
    type: 'vector',
    range,
    matchers,
    offsetMs,
    atMs,
    drifts: false,
    sees: undefined,
    modifier: undefined,
    use: { func: 'info', grouping: [], by: false },
    isStatsOnly: false,
  };
}

type Reference = Pick<VectorPlan, 'atMs' | 'offsetMs'>;

/** Of the first selector, with what subqueries around it add. */
function referenceOf(plan: Plan): Reference | undefined {
  switch (plan.kind) {
    case 'vector':
      return plan;
    case 'matrix':
      return plan.vector;
    case 'number':
    case 'string':
      return undefined;
    case 'call':
      return plan.args.map(referenceOf).find((reference) => reference !== undefined);
    case 'binary':
      return referenceOf(plan.left) ?? referenceOf(plan.right);
    case 'subquery': {
      const inner = referenceOf(plan.expr);
      if (inner === undefined || inner.atMs !== undefined) return inner;
      return { atMs: plan.atMs, offsetMs: inner.offsetMs + plan.offsetMs };
    }
    default:
      return referenceOf(plan.expr);
  }
}

class InfoJoin {
  readonly #evaluation: Evaluation;
  readonly #base: VectorBlock;
  readonly #info: VectorBlock;
  readonly #isInfo: (labels: LabelSet) => boolean;
  readonly #dataMatchers: readonly Matcher[];
  readonly #dataNames: ReadonlySet<string>;
  readonly #output: VectorBlock;
  readonly #rowOf = new Map<string, number>();

  constructor(
    evaluation: Evaluation,
    base: VectorBlock,
    info: VectorBlock,
    isInfo: (labels: LabelSet) => boolean,
    dataMatchers: readonly Matcher[],
  ) {
    this.#evaluation = evaluation;
    this.#base = base;
    this.#info = info;
    this.#isInfo = isInfo;
    this.#dataMatchers = dataMatchers;
    this.#dataNames = new Set(dataMatchers.map(({ name }) => name));
    this.#output = newBlock(evaluation, base.steps, base.rows);
  }

  async run(): Promise<VectorBlock> {
    const { budget, labels } = this.#evaluation;
    const identity = labels.keeping(IDENTIFYING);
    for (let step = 0; step < this.#base.steps; step++) {
      const newest = this.#newestInfo(step, (of) => identity.of(of));
      for (let row = 0; row < this.#base.rows; row++) {
        if (budget.isDue()) await budget.pause();
        const cell = row * this.#base.steps + step;
        if (this.#base.kinds[cell] === ABSENT) continue;
        const own = this.#base.labels[row]!;
        const joined = this.#isInfo(own) ? own : this.#join(own, newest.get(identity.of(own)));
        if (joined !== undefined) this.#store(joined, row, cell, step);
      }
    }
    return keep(this.#evaluation, this.#output);
  }

  /** By identity and name, the info series whose sample is the newest. */
  #newestInfo(
    step: number,
    identityOf: (labels: LabelSet) => LabelSet,
  ): ReadonlyMap<LabelSet, ReadonlyMap<string, number>> {
    const newest = new Map<LabelSet, Map<string, number>>();
    for (let row = 0; row < this.#info.rows; row++) {
      const cell = row * this.#info.steps + step;
      if (this.#info.kinds[cell] === ABSENT) continue;
      if (this.#info.histogramAt(cell) !== undefined) throw evaluationError('info sample should be float');
      const labels = this.#info.labels[row]!;
      const byName = newest.get(identityOf(labels)) ?? new Map<string, number>();
      newest.set(identityOf(labels), byName);
      const known = byName.get(labels.get(METRIC_NAME));
      const knownMs = known === undefined ? -Infinity : this.#info.values[known * this.#info.steps + step]!;
      const timestampMs = this.#info.values[cell]!;
      if (known !== undefined && knownMs === timestampMs) {
        const texts = [known, row].map((one) => `${describeLabels(this.#info.labels[one]!)} @ ${timestampMs}`);
        throw evaluationError(`found duplicate series for info metric: existing ${texts[0]}, new ${texts[1]}`);
      }
      if (timestampMs > knownMs) byName.set(labels.get(METRIC_NAME), row);
    }
    return newest;
  }

  /** @returns undefined where the series goes, for want of an info series that it must have */
  #join(own: LabelSet, infos: ReadonlyMap<string, number> | undefined): LabelSet | undefined {
    if (infos === undefined || infos.size === 0) {
      return this.#dataMatchers.every((matcher) => matcher.matches('')) ? own : undefined;
    }
    const added = new Map<string, string>();
    for (const row of infos.values()) {
      for (const [name, value] of this.#info.labels[row]!.entries()) {
        if (name === METRIC_NAME || (this.#dataNames.size > 0 && !this.#dataNames.has(name))) continue;
        if ((added.get(name) ?? value) !== value) throw evaluationError(`conflicting label: ${name}`);
        if (!own.has(name)) added.set(name, value);
      }
    }
    let joined = own;
    for (const [name, value] of added) joined = joined.with(name, value);
    return joined;
  }

  #store(labels: LabelSet, row: number, cell: number, step: number): void {
    let into = this.#rowOf.get(labels.key);
    if (into === undefined) {
      into = this.#output.addRow(labels, this.#base.dropName[row]!);
      this.#rowOf.set(labels.key, into);
    }
    const target = into * this.#output.steps + step;
    if (this.#output.kinds[target] !== ABSENT) {
      throw evaluationError('vector cannot contain metrics with the same labelset');
    }
    this.#output.copyCell(target, this.#base, cell);
  }
}
