/** What `vigie hpa explain` prints. */
import type { ExplainedHpa, ExplainedMetric } from '@vigie/collector/hpa/explained-hpa';
import type { Paint } from '../terminal/style.ts';
import { printable } from '../terminal/text-width.ts';

/** More fill a screen; `-o json` has all. */
const MOST_LINES = 10;

/** @param nowMs for ages @returns lines */
export function explanationText(hpa: ExplainedHpa, nowMs: number, paint: Paint): readonly string[] {
  const { replicas, next } = hpa;
  const running = replicas.present === replicas.wanted ? '' : `, ${replicas.present} there`;
  const change = next.replicas === replicas.wanted ? 'stays' : `${replicas.wanted} → ${next.replicas}`;
  return [
    paint(
      printable(
        `${hpa.namespace}/${hpa.name}: ${hpa.target}, ${replicas.wanted} replicas${running}, of ${hpa.minReplicas} to ${hpa.maxReplicas}`,
      ),
      'bold',
    ),
    ...(hpa.problem === undefined ? [] : [paint(`problem  ${printable(hpa.problem)}`, 'red')]),
    ...hpa.metrics.flatMap((metric) => ['', ...metricLines(metric, nowMs, paint)]),
    '',
    `${paint('next', 'bold')}     ${change}: ${printable(next.reason)}`,
    ...(next.note === undefined ? [] : [`         ${printable(next.note)}`]),
  ];
}

function metricLines(metric: ExplainedMetric, nowMs: number, paint: Paint): readonly string[] {
  const { computed, problem } = metric;
  const lines: string[] = [`${paint(printable(metric.metric), 'bold')}, target ${metric.target}`];
  if (metric.servedBy !== undefined) lines.push(field('asked of', `${metric.servedBy}, and not of this collector`));
  if (metric.rule !== undefined) lines.push(field('rule', metric.rule));
  else if (metric.isRefused !== true) lines.push(field('rule', 'none: no series and no rule stand behind this metric'));
  if (metric.query !== undefined) lines.push(field('query', metric.query));
  lines.push(
    ...listed('series', metric.series, ({ series, value, timestampMs, problem: why }) =>
      [series, value === undefined ? why : `${shown(value)}${age(timestampMs, nowMs)}`]
        .filter((part) => part !== undefined)
        .join('  '),
    ),
  );
  lines.push(
    ...listed('values', metric.values, ({ name, value, timestampMs, windowMs }) => {
      const over = windowMs === undefined ? '' : ` over ${windowMs / 1000} s`;
      return `${name}  ${shown(value)}${over}${age(timestampMs, nowMs)}`;
    }),
  );
  lines.push(...listed('missing', metric.missing, ({ name, reason, message }) => `${name}  ${reason}: ${message}`));
  lines.push(...listed('pods', metric.pods, ({ pod, group, why }) => `${pod}  ${group}: ${why}`));
  if (computed !== undefined) {
    const percent = computed.utilization === undefined ? '' : ` (${computed.utilization}% of requests)`;
    lines.push(field('usage', `${shown(computed.usage)}${percent}, ${shown(computed.ratio)} of the target`));
    lines.push(field('asks for', `${computed.replicas} replicas: ${computed.formula}`));
  }
  if (problem !== undefined) lines.push(paint(field('problem', problem), 'red'));
  return lines;
}

function listed<T>(name: string, items: readonly T[], text: (item: T) => string): readonly string[] {
  const lines = items.slice(0, MOST_LINES).map((item, at) => field(at === 0 ? name : '', text(item)));
  const more = items.length - lines.length;
  return more > 0 ? [...lines, field('', `and ${more} more`)] : lines;
}

function field(name: string, text: string): string {
  return `  ${name.padEnd(9)}${printable(text)}`;
}

function age(timestampMs: number | undefined, nowMs: number): string {
  return timestampMs === undefined ? '' : `, ${Math.round((nowMs - timestampMs) / 1000)} s ago`;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(5)));
}
