/** Gathers what a page says beside its alerts, within the time that a page may wait for it: what is late is left out, and said to be. */
import type { Clock } from '@vigie/core/clock';
import { startDeadline } from '@vigie/core/deadline';
import { formatDuration } from '@vigie/core/durations';
import type { Log } from '@vigie/core/log';
import type { QueryEngine } from '@vigie/promql/evaluate/query-engine';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { Chart } from './chart/chart.ts';
import type { ChartStore } from './chart-store.ts';
import { chartedQuery, expressionOf } from './charted-query.ts';
import type { ContextCounts } from './context-counts.ts';
import type { ContextOptions } from './context-options.ts';
import { linkOf, linkTemplate } from './links.ts';
import { type FiringPod, type LineSource, podLines } from './log-lines.ts';
import { CHART_URL, LOG_LINES, linkAnnotation, type NotificationContext } from './notification-context.ts';
import { queryChart } from './query-chart.ts';
import { Slots } from './slots.ts';

/** Whom to ask; undefined where the configuration names nobody. */
export interface ContextSources {
  readonly logs: LineSource | undefined;
  readonly metrics: Pick<QueryEngine, 'range'> | undefined;
}

export interface PageContextDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly charts: ChartStore;
  readonly counts: ContextCounts;
  /** Of the service, of now. */
  readonly externalUrl: () => string;
}

export interface ContextQuestion {
  /** Those that are told. */
  readonly alerts: readonly Alert[];
  /** Of the flush, Unix ms. */
  readonly timeMs: number;
  readonly options: ContextOptions;
}

/** Queries that are under way at one time, of all pages: a storm of groups is no storm of queries. */
const MOST_QUERIES = 16;
/** Expressions of a page that are drawn. */
const MOST_CHARTS = 2;
/** Alerts of a page that have links: beyond, a page is a list. */
const MOST_LINKED = 20;

export class PageContext {
  readonly #sources: ContextSources;
  readonly #deps: PageContextDeps;
  readonly #slots = new Slots(MOST_QUERIES);

  constructor(sources: ContextSources, deps: PageContextDeps) {
    this.#sources = sources;
    this.#deps = deps;
  }

  /** Resolves within options.budgetMs, whatever others do, and does not reject.
   *  @param signal ends it at once */
  async gather(question: ContextQuestion, signal: AbortSignal): Promise<NotificationContext> {
    const page = new Page();
    const { alerts, timeMs, options } = question;
    const { parts, budgetMs } = options;
    const firing = alerts.filter((alert) => !isResolved(alert, timeMs));
    const { clock } = this.#deps;
    const late = `nobody has answered within ${formatDuration(budgetMs)}`;
    const deadline = startDeadline(signal, clock, budgetMs, late);
    try {
      if (parts.has('links')) this.#link(alerts.slice(0, MOST_LINKED), options, page);
      await Promise.all([
        ...(parts.has('log_lines') ? this.#quote(firing, question, page, deadline.signal) : []),
        ...(parts.has('chart') ? this.#draw(firing, question, page, deadline.signal) : []),
      ]);
    } finally {
      deadline.cancel();
    }
    return page;
  }

  #link(alerts: readonly Alert[], { links }: ContextOptions, page: Page): void {
    const { clock, externalUrl } = this.#deps;
    const base = externalUrl();
    for (const [name, text] of links) {
      const template = linkTemplate(text, () => clock.nowMs());
      for (const alert of alerts) {
        const url = linkOf(template, alert, base);
        if (url !== undefined) page.annotate(alert, linkAnnotation(name), url);
      }
    }
  }

  #quote(
    firing: readonly Alert[],
    { timeMs, options }: ContextQuestion,
    page: Page,
    signal: AbortSignal,
  ): readonly Promise<void>[] {
    const { logs } = this.#sources;
    if (logs === undefined) return [];
    return podsOf(firing)
      .slice(0, options.logLines.pods)
      .map(async ({ pod, alert }) => {
        const asked = this.#slots.run(signal, () => podLines(pod, logs, options.logLines, timeMs, signal));
        const { kind, text } = await asked.catch((reason: unknown) => ({
          kind: 'failed' as const,
          text: `(no log lines: ${String(reason instanceof Error ? reason.message : reason)})`,
        }));
        this.#deps.counts.note('log_lines', kind === 'failed' && signal.aborted ? 'late' : kind);
        page.annotate(alert, LOG_LINES, text);
      });
  }

  #draw(
    firing: readonly Alert[],
    { timeMs, options }: ContextQuestion,
    page: Page,
    signal: AbortSignal,
  ): readonly Promise<void>[] {
    const { metrics } = this.#sources;
    if (metrics === undefined) return [];
    const { charts, counts, externalUrl, log } = this.#deps;
    return [...byExpression(firing)].slice(0, MOST_CHARTS).map(async ([expression, alerts]) => {
      const [first] = alerts;
      const window = { nowMs: timeMs, rangeMs: options.chartRangeMs };
      try {
        const charted = chartedQuery(expression);
        if (charted === undefined || first === undefined) return;
        const chart = await this.#slots.run(signal, () => queryChart(charted, alerts, window, metrics, signal));
        counts.note('chart', chart === undefined ? 'none' : 'drawn');
        if (chart === undefined) return;
        const url = `${externalUrl()}/charts/${charts.put(chart)}`;
        page.charts.set(url, chart);
        page.annotate(first, CHART_URL, url);
      } catch (error) {
        counts.note('chart', signal.aborted ? 'late' : 'failed');
        log.warn('a page goes without its chart', { expression, error });
      }
    });
  }
}

class Page implements NotificationContext {
  readonly annotations = new Map<string, Map<string, string>>();
  readonly charts = new Map<string, Chart>();

  annotate({ fingerprint }: Alert, name: string, value: string): void {
    const known = this.annotations.get(fingerprint);
    if (known === undefined) this.annotations.set(fingerprint, new Map([[name, value]]));
    else known.set(name, value);
  }
}

/** Each once, with the first of its alerts. */
function podsOf(alerts: readonly Alert[]): readonly { readonly pod: FiringPod; readonly alert: Alert }[] {
  const pods = new Map<string, { readonly pod: FiringPod; readonly alert: Alert }>();
  for (const alert of alerts) {
    const [namespace, pod, container] = ['namespace', 'pod', 'container'].map((name) => alert.labels.get(name));
    if (!namespace || !pod || container === undefined) continue;
    const key = `${namespace}/${pod}/${container}`;
    if (!pods.has(key)) pods.set(key, { pod: { namespace, pod, container }, alert });
  }
  return [...pods.values()];
}

function byExpression(alerts: readonly Alert[]): ReadonlyMap<string, readonly Alert[]> {
  const all = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const expression = expressionOf(alert.generatorUrl);
    if (expression === undefined) continue;
    const known = all.get(expression);
    if (known === undefined) all.set(expression, [alert]);
    else known.push(alert);
  }
  return all;
}
