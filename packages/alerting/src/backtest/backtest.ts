/** How often rules would have paged: their expressions over a range, as another server has it, and what would have come of it. */
import { describeError } from '@vigie/core/errors';
import type { Query } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { FoundAlert } from '@vigie/rules/alerts/alert';
import { findAlerts } from '@vigie/rules/alerts/find-alerts';
import type { AlertingRule, RuleGroup } from '@vigie/rules/rule';
import type { AlertmanagerConfig } from '../config/load-config.ts';
import { withExternal } from '../rules/posted-alerts.ts';
import { type Page, rehearsePages } from './rehearse-pages.ts';
import { type FiringSpan, RuleBacktest } from './rule-backtest.ts';

export interface BacktestRange {
  /** Unix ms, both included. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Of a series at the steps of a range. */
export interface BacktestSeries {
  readonly labels: LabelSet;
  /** Unix ms, ascending. */
  readonly timestampsMs: readonly number[];
  readonly values: readonly number[];
}

/** The answer to a range query.
 *  @throws {Error} whose message is the rule's */
export type AskRange = (query: string, range: BacktestRange, signal: AbortSignal) => Promise<readonly BacktestSeries[]>;

export interface BacktestRequest {
  readonly groups: readonly RuleGroup[];
  /** undefined: nobody says who is told. */
  readonly alertmanager: AlertmanagerConfig | undefined;
  readonly startMs: number;
  readonly endMs: number;
  /** Of groups that name none. */
  readonly intervalMs: number;
  readonly externalLabels: LabelSet;
}

export interface BacktestedRule {
  readonly file: string;
  readonly group: string;
  readonly alert: string;
  /** Label sets that fired. */
  readonly alerts: number;
  /** Times that one of them began to. */
  readonly fired: number;
  /** Of all of them. */
  readonly firingMs: number;
  readonly longestMs: number;
  /** With a configuration: notifications that say that it fires. Without: times that it began to fire while none of its alerts did. */
  readonly pages: number;
  /** Why nothing is known of it. */
  readonly error: string | undefined;
}

export interface BacktestedReceiver {
  readonly receiver: string;
  /** Notifications that tell of what fires, of all its integrations. */
  readonly pages: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface BacktestResult {
  /** In the order of the files. */
  readonly rules: readonly BacktestedRule[];
  /** By the most pages; undefined without a configuration. */
  readonly receivers: readonly BacktestedReceiver[] | undefined;
}

export interface BacktestDeps {
  readonly ask: AskRange;
  /** Of range queries. */
  readonly onProgress: (done: number, total: number) => void;
}

/** As many as Prometheus answers at once. */
const MOST_STEPS = 11_000;
/** And no more than this, so that there is progress to be told of. */
const CHUNK_MS = 24 * 3_600_000;

interface Tested {
  readonly group: RuleGroup;
  readonly rule: AlertingRule;
  readonly spans: readonly FiringSpan[];
  readonly error: string | undefined;
}

/** A rule whose query fails keeps no other from being tested.
 *  @throws the signal's reason */
export async function backtest(
  request: BacktestRequest,
  deps: BacktestDeps,
  signal: AbortSignal,
): Promise<BacktestResult> {
  const { startMs, endMs, alertmanager } = request;
  const rules = request.groups.flatMap((group) =>
    group.rules.flatMap((rule) => (rule.kind === 'alerting' ? [{ group, rule }] : [])),
  );
  const total = rules.reduce((sum, { group }) => sum + chunksOf(request, group).length, 0);
  const tested: Tested[] = [];
  let done = 0;
  deps.onProgress(done, total);
  for (const { group, rule } of rules) {
    const chunks = chunksOf(request, group);
    const before = done;
    try {
      const spans = await testRule(rule, group, request, chunks, deps.ask, signal, () =>
        deps.onProgress(++done, total),
      );
      tested.push({ group, rule, spans, error: undefined });
    } catch (error) {
      signal.throwIfAborted();
      tested.push({ group, rule, spans: [], error: describeError(error) });
      done = before + chunks.length;
      deps.onProgress(done, total);
    }
  }
  const spans = tested.flatMap((one) => one.spans);
  const pages =
    alertmanager === undefined ? undefined : await rehearsePages(spans, alertmanager, { startMs, endMs }, signal);
  return {
    rules: tested.map((one) => summaryOf(one, pages, endMs)),
    receivers: pages === undefined ? undefined : receiversOf(pages),
  };
}

/** At multiples of the interval, as groups are evaluated. */
function chunksOf({ startMs, endMs, intervalMs }: BacktestRequest, group: RuleGroup): readonly BacktestRange[] {
  const stepMs = group.intervalMs ?? intervalMs;
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(CHUNK_MS / stepMs)));
  const chunks: BacktestRange[] = [];
  for (let fromMs = Math.ceil(startMs / stepMs) * stepMs; fromMs <= endMs; fromMs += steps * stepMs) {
    chunks.push({ startMs: fromMs, endMs: Math.min(endMs, fromMs + (steps - 1) * stepMs), stepMs });
  }
  return chunks;
}

async function testRule(
  rule: AlertingRule,
  group: RuleGroup,
  request: BacktestRequest,
  chunks: readonly BacktestRange[],
  ask: AskRange,
  signal: AbortSignal,
  onChunk: () => void,
): Promise<readonly FiringSpan[]> {
  const test = new RuleBacktest(rule);
  const finder = new AlertFinder(rule, request, ask);
  const offsetMs = group.queryOffsetMs ?? 0;
  for (const chunk of chunks) {
    const { stepMs } = chunk;
    const range = { startMs: chunk.startMs - offsetMs, endMs: chunk.endMs - offsetMs, stepMs };
    const found = await finder.byTime(await ask(rule.query.text, range, signal), signal);
    for (let timeMs = chunk.startMs; timeMs <= chunk.endMs; timeMs += stepMs)
      test.advance(timeMs, found.get(timeMs - offsetMs) ?? NOTHING);
    onChunk();
  }
  return test.spans;
}

type FoundAlerts = ReadonlyMap<string, FoundAlert>;
const NOTHING: FoundAlerts = new Map();

/** The alerts that series are. Templates are expanded with the first value of each: what changes with the value does not tell alerts apart here. */
class AlertFinder {
  readonly #rule: AlertingRule;
  readonly #request: BacktestRequest;
  readonly #ask: AskRange;
  /** By the key of the series' labels. */
  readonly #known = new Map<string, readonly [string, FoundAlert]>();

  constructor(rule: AlertingRule, request: BacktestRequest, ask: AskRange) {
    this.#rule = rule;
    this.#request = request;
    this.#ask = ask;
  }

  /** By the times at which they are found. */
  async byTime(series: readonly BacktestSeries[], signal: AbortSignal): Promise<ReadonlyMap<number, FoundAlerts>> {
    const found = new Map<number, Map<string, FoundAlert>>();
    for (const one of series) {
      const [key, alert] = await this.#alertOf(one, signal);
      for (const [index, timeMs] of one.timestampsMs.entries()) {
        const at = found.get(timeMs) ?? new Map<string, FoundAlert>();
        found.set(timeMs, at);
        at.set(key, { ...alert, value: one.values[index] ?? Number.NaN });
      }
    }
    return found;
  }

  async #alertOf(
    { labels, timestampsMs, values }: BacktestSeries,
    signal: AbortSignal,
  ): Promise<readonly [string, FoundAlert]> {
    const known = this.#known.get(labels.key);
    if (known !== undefined) return known;
    const { externalLabels } = this.#request;
    const [timestampMs = 0] = timestampsMs;
    const sample = { labels, value: values[0] ?? Number.NaN, histogram: undefined };
    const context = {
      query: async (query: Query, atMs: number) => {
        const range = { startMs: atMs, endMs: atMs, stepMs: 1000 };
        const answer = await this.#ask(typeof query === 'string' ? query : query.text, range, signal);
        return answer.map((one) => ({ labels: one.labels, value: one.values[0] ?? Number.NaN, histogram: undefined }));
      },
      externalLabels: new Map(externalLabels.entries()),
      externalUrl: '',
    };
    const [alert] = (await findAlerts(this.#rule, [sample], timestampMs, context, signal)).values();
    const own = alert ?? { labels, source: labels, annotations: LabelSet.empty, value: 0 };
    const labelled = { ...own, labels: withExternal(own.labels, externalLabels) };
    const entry = [labelled.labels.key, labelled] as const;
    this.#known.set(labels.key, entry);
    return entry;
  }
}

function summaryOf(
  { group, rule, spans, error }: Tested,
  pages: readonly Page[] | undefined,
  endMs: number,
): BacktestedRule {
  const lengths = spans.map((span) => (span.endMs ?? endMs) - span.startMs);
  return {
    file: group.file,
    group: group.name,
    alert: rule.name,
    alerts: new Set(spans.map(({ labels }) => labels.key)).size,
    fired: spans.length,
    firingMs: lengths.reduce((sum, length) => sum + length, 0),
    longestMs: Math.max(0, ...lengths),
    pages: pages === undefined ? episodesOf(spans) : pages.filter(({ alerts }) => alerts.has(rule.name)).length,
    error,
  };
}

/** Times without a gap in which some of the spans are. */
function episodesOf(spans: readonly FiringSpan[]): number {
  let episodes = 0;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    if (span.startMs > endMs) episodes += 1;
    endMs = Math.max(endMs, span.endMs ?? Number.POSITIVE_INFINITY);
  }
  return episodes;
}

function receiversOf(pages: readonly Page[]): readonly BacktestedReceiver[] {
  const receivers = new Set(pages.map(({ receiver }) => receiver));
  return Array.from(receivers, (receiver) => {
    const times = pages.filter((page) => page.receiver === receiver).map(({ atMs }) => atMs);
    return { receiver, pages: times.length, firstMs: times[0] ?? 0, lastMs: times.at(-1) ?? 0 };
  }).sort((a, b) => b.pages - a.pages);
}
