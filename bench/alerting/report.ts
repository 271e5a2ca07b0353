/** The figures as tables, and what the goals are about. */
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import type { ApiFigures } from './measure-api.ts';
import type { RulesFigures } from './measure-rules.ts';
import type { WebhookFigures } from './measure-webhook.ts';
import type { TakeoverFigures } from './takeover.ts';

/** undefined: a part that was not run. */
export interface Figures {
  readonly api?: readonly ApiFigures[];
  readonly webhook?: readonly WebhookFigures[];
  readonly rules?: readonly RulesFigures[];
  readonly takeover?: TakeoverFigures;
}

export interface Goal {
  readonly goal: string;
  readonly reached: string;
  readonly met: boolean;
}

const WEBHOOK_GOAL_MS = 150;
const PAGE_GOAL_MS = 50;
const CPU_GOAL = 0.8;
const TAKEOVER_GOAL_MS = 10_000;

/** Of each goal that something was measured of. */
export function goalsOf({ api, webhook, rules, takeover }: Figures): readonly Goal[] {
  const goals: Goal[] = [];
  const ratio = (goal: string, value: number, met: boolean): void =>
    void goals.push({ goal, reached: `${value.toFixed(2)}x`, met });
  if (api !== undefined) {
    const throughput = ratioOf(api, ({ alertsPerSecond }) => alertsPerSecond);
    const cpu = ratioOf(api, ({ cpuSeconds }) => cpuSeconds);
    const list = ratioOf(api, ({ listMs }) => listMs);
    const pageMs = median(api.flatMap(({ pages }) => pages?.p99Ms ?? []));
    ratio("posting 10,000 alerts: at least 1.0x Alertmanager's throughput", throughput, throughput >= 1);
    ratio(`posting: at most ${CPU_GOAL}x its CPU`, cpu, cpu <= CPU_GOAL);
    ratio('the whole list of alerts: at most 1.0x its time', list, list <= 1);
    goals.push({
      goal: `a page of alerts: 99 % under ${PAGE_GOAL_MS} ms`,
      reached: `${pageMs.toFixed(1)} ms`,
      met: pageMs < PAGE_GOAL_MS,
    });
  }
  if (webhook !== undefined) {
    const vigie = webhook.filter(({ server }) => server === 'vigie');
    const p99Ms = median(vigie.map((one) => one.p99Ms));
    const lost = vigie.reduce((sum, one) => sum + one.lost, 0);
    goals.push({
      goal: `a web hook is told within group_wait + ${WEBHOOK_GOAL_MS} ms, 99 %, none lost`,
      reached: `${p99Ms.toFixed(0)} ms${lost === 0 ? '' : `, ${lost} lost`}`,
      met: p99Ms <= WEBHOOK_GOAL_MS && lost === 0,
    });
  }
  for (const { server, cpuSecondsPerThousand } of rules ?? []) {
    if (server === 'prometheus') continue;
    const value = cpuSecondsPerThousand / prometheusCpu(rules ?? []);
    const form = server === 'vigie' ? 'collector and alerting over HTTP' : 'in one process';
    ratio(`2,000 rules, ${form}: at most ${CPU_GOAL}x Prometheus' CPU`, value, value <= CPU_GOAL);
  }
  if (takeover !== undefined) {
    const { p100Ms, lost, runs } = takeover;
    goals.push({
      goal: `the owner is killed: another tells within ${TAKEOVER_GOAL_MS / 1000} s, at the longest of ${runs} times, none lost`,
      reached: `${(p100Ms / 1000).toFixed(1)} s${lost === 0 ? '' : `, ${lost} lost`}`,
      met: p100Ms <= TAKEOVER_GOAL_MS && lost === 0,
    });
  }
  return goals;
}

export function markdownOf(figures: Figures): string {
  const goals = goalsOf(figures).map(({ goal, reached, met }) => [goal, reached, met ? 'yes' : 'no']);
  const { api, webhook, rules, takeover } = figures;
  return [
    markdownTable(['goal', 'reached', 'met'], goals),
    ...(api === undefined ? [] : [apiTable(api)]),
    ...(webhook === undefined ? [] : [webhookTable(webhook)]),
    ...(rules === undefined ? [] : [rulesTable(rules)]),
    ...(takeover === undefined ? [] : [takeoverTable(takeover)]),
  ].join('\n\n');
}

type Named = { readonly server: string };

function medianOf<T extends Named>(all: readonly T[], server: string, of: (one: T) => number): number {
  return median(all.filter((one) => one.server === server).map(of));
}

/** Of the rounds in turn, Vigie's over Alertmanager's: what disturbs one round disturbs both. */
function ratioOf<T extends Named>(all: readonly T[], of: (one: T) => number): number {
  const [ours, theirs] = ['vigie', 'alertmanager'].map((name) => all.filter(({ server }) => server === name).map(of));
  return median((ours ?? []).map((value, round) => value / (theirs?.[round] ?? Number.NaN)));
}

function apiTable(api: readonly ApiFigures[]): string {
  const row = (name: string, digits: number, of: (one: ApiFigures) => number): readonly string[] => [
    name,
    ...['alertmanager', 'vigie'].map((server) => medianOf(api, server, of).toFixed(digits)),
    ratioOf(api, of).toFixed(2),
  ];
  const pages = api.flatMap(({ pages: found }) => found ?? []);
  return markdownTable(
    ['alerts over HTTP', 'Alertmanager', 'Vigie', 'ratio'],
    [
      row('posted, thousands a second', 1, ({ alertsPerSecond }) => alertsPerSecond / 1000),
      row('CPU-seconds', 2, ({ cpuSeconds }) => cpuSeconds),
      row('the whole list, ms', 1, ({ listMs }) => listMs),
      row('the whole list, MB', 1, ({ listBytes }) => listBytes / 1e6),
      row('RSS, MB', 0, ({ rssBytes }) => rssBytes / 1e6),
      ['a page of 100, ms: median', '', median(pages.map(({ p50Ms }) => p50Ms)).toFixed(1), ''],
      ['99 %', '', median(pages.map(({ p99Ms }) => p99Ms)).toFixed(1), ''],
    ],
  );
}

function webhookTable(webhook: readonly WebhookFigures[]): string {
  const row = (name: string, digits: number, of: (one: WebhookFigures) => number): readonly string[] => [
    name,
    ...['alertmanager', 'vigie'].map((server) => medianOf(webhook, server, of).toFixed(digits)),
  ];
  return markdownTable(
    ['a web hook, beyond group_wait', 'Alertmanager', 'Vigie'],
    [
      row('median, ms', 1, ({ p50Ms }) => p50Ms),
      row('99 %, ms', 1, ({ p99Ms }) => p99Ms),
      row('longest, ms', 1, ({ maxMs }) => maxMs),
      row('not told', 0, ({ lost }) => lost),
      row('of a core, %', 1, ({ cpuShare }) => 100 * cpuShare),
    ],
  );
}

function prometheusCpu(rules: readonly RulesFigures[]): number {
  return medianOf(rules, 'prometheus', ({ cpuSecondsPerThousand }) => cpuSecondsPerThousand);
}

function rulesTable(rules: readonly RulesFigures[]): string {
  return markdownTable(
    [
      'rules',
      'CPU ms an evaluation',
      'beside Prometheus',
      'CPU-seconds of 15 s',
      'without rules',
      'evaluations',
      'failed',
      'RSS, MB',
    ],
    rules.map((one) => [
      one.server,
      one.cpuSecondsPerThousand.toFixed(3),
      (one.cpuSecondsPerThousand / prometheusCpu(rules)).toFixed(2),
      median(one.windows.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
      one.idleCpuSeconds.toFixed(2),
      median(one.windows.map(({ evaluations }) => evaluations)).toFixed(0),
      String(one.failures),
      (one.rssBytes / 1e6).toFixed(0),
    ]),
  );
}

function takeoverTable({ runs, p50Ms, p100Ms, lost, duplicates }: TakeoverFigures): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return markdownTable(
    ['owners killed', 'told after: median', 'longest', 'lost', 'told twice'],
    [[String(runs), seconds(p50Ms), seconds(p100Ms), String(lost), String(duplicates)]],
  );
}
