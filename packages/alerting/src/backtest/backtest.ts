/** How often rules would have paged: what they find over a range, as servers with metrics and logs have it, and what would have come of it. */
import { describeError } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { QueryVector } from '@vigie/rules/query';
import type { AlertingRule, RuleGroup } from '@vigie/rules/rule';
import type { RulePolicy } from '@vigie/rules/rule-policy';
import type { ConfiguredEngine } from '../configured-engine.ts';
import { AlertFinder } from './alert-finder.ts';
import { askedRule, type RuleInRange } from './asked-rule.ts';
import type { BacktestLogs } from './log-samples.ts';
import type { AskRange, BacktestRange } from './range.ts';
import { type Page, rehearsePages } from './rehearse-pages.ts';
import { type AlertSpan, type FailedEvaluations, RuleBacktest } from './rule-backtest.ts';

export interface BacktestRequest {
  /** Of rules on metrics, and on logs. */
  readonly groups: readonly RuleGroup[];
  /** undefined: nobody says who is told. */
  readonly told: ConfiguredEngine | undefined;
  readonly policy: RulePolicy;
  /** After which an alert that goes on is told again. */
  readonly resendDelayMs: number;
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
  /** Evaluations at which it would have failed; undefined: none. */
  readonly failed: FailedEvaluations | undefined;
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
  /** undefined: there are no rules on logs. */
  readonly logs: BacktestLogs | undefined;
  /** Of days of a rule, or as much as is asked for at once. */
  readonly onProgress: (done: number, total: number) => void;
  /** Behind that, where it is found out who would have been told: up to which time of the range, Unix ms. */
  readonly onTold: (atMs: number) => void;
}

/** As many as Prometheus answers at once. */
const MOST_STEPS = 11_000;
/** And no more than this, so that there is progress to be told of. */
const CHUNK_MS = 24 * 3_600_000;

interface TestedRule {
  readonly spans: readonly AlertSpan[];
  readonly pendingSpans: readonly AlertSpan[];
  readonly failed: FailedEvaluations | undefined;
}

interface Tested extends TestedRule {
  readonly group: RuleGroup;
  readonly rule: AlertingRule;
  readonly error: string | undefined;
}

const UNTESTED: TestedRule = { spans: [], pendingSpans: [], failed: undefined };

/** A rule whose query fails keeps no other from being tested.
 *  @throws the signal's reason */
export async function backtest(
  request: BacktestRequest,
  deps: BacktestDeps,
  signal: AbortSignal,
): Promise<BacktestResult> {
  const { startMs, endMs, told } = request;
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
      const { spans, pendingSpans, failed } = await testRule({ rule, group, chunks }, request, deps, signal, () =>
        deps.onProgress(++done, total),
      );
      tested.push({ group, rule, spans, pendingSpans, failed, error: undefined });
    } catch (error) {
      signal.throwIfAborted();
      tested.push({ group, rule, ...UNTESTED, error: describeError(error) });
      done = before + chunks.length;
      deps.onProgress(done, total);
    }
  }
  const past = {
    firing: tested.flatMap(({ spans }) => spans),
    pending: tested.flatMap(({ pendingSpans }) => pendingSpans),
  };
  const range = { startMs, endMs };
  const pages = told === undefined ? undefined : await rehearsePages(past, told, range, deps.onTold, signal);
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
  { rule, group, chunks }: RuleInRange,
  { externalLabels, policy, resendDelayMs }: Pick<BacktestRequest, 'externalLabels' | 'policy' | 'resendDelayMs'>,
  { ask, logs }: Pick<BacktestDeps, 'ask' | 'logs'>,
  signal: AbortSignal,
  onChunk: () => void,
): Promise<TestedRule> {
  const finder = new AlertFinder(rule, externalLabels, templateQuery(ask));
  const { stepMs = 1 } = chunks[0] ?? {};
  const test = new RuleBacktest({ rule, limit: group.limit, stepMs, policy, resendDelayMs, finder });
  const open = askedRule({ rule, group, chunks }, { ask, logs });
  for (const chunk of chunks) {
    const askAt = open(chunk, signal);
    for (let timeMs = chunk.startMs; timeMs <= chunk.endMs; timeMs += chunk.stepMs)
      await test.advance(timeMs, askAt, signal);
    onChunk();
  }
  return test;
}

function templateQuery(ask: AskRange): QueryVector {
  return async (query, atMs, signal) => {
    const range = { startMs: atMs, endMs: atMs, stepMs: 1000 };
    const answer = await ask(typeof query === 'string' ? query : query.text, range, signal);
    return answer.map(({ labels, values }) => ({ labels, value: values[0] ?? Number.NaN, histogram: undefined }));
  };
}

function summaryOf(
  { group, rule, spans, failed, error }: Tested,
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
    longestMs: lengths.reduce((longest, length) => Math.max(longest, length), 0),
    pages: pages === undefined ? episodesOf(spans) : pages.filter(({ alerts }) => alerts.has(rule.name)).length,
    failed,
    error,
  };
}

/** Times without a gap in which some of the spans are. */
function episodesOf(spans: readonly AlertSpan[]): number {
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
