/** What series are called as metrics where no rule says otherwise: counters as rates, gauges by their own name, histograms and
 *  summaries as a rate and as a mean; buckets, times of creation, info and states not at all. */
import type { Querier } from '@vigie/promql/storage/querier';

/** How the value of a metric is made of series. */
export type DefaultForm =
  | { readonly kind: 'gauge'; readonly series: string }
  | { readonly kind: 'rate'; readonly series: string }
  /** Sum through count of a classic histogram or a summary. */
  | { readonly kind: 'mean'; readonly sum: string; readonly count: string }
  | { readonly kind: 'histogram_rate'; readonly series: string }
  | { readonly kind: 'histogram_mean'; readonly series: string };

const PER_SECOND = '_per_second';
const NEVER_OFFERED = /_(?:bucket|created|info)$/;
const DISTRIBUTION = new Set(['histogram', 'summary', 'gaugehistogram']);

/** @returns forms that the metric may have, most likely first; which of them has series is for the storage to say */
export async function formsOf(metric: string, querier: Querier, signal: AbortSignal): Promise<readonly DefaultForm[]> {
  const typeOf = typesOf(querier, signal);
  if (metric.endsWith(PER_SECOND)) {
    const base = metric.slice(0, -PER_SECOND.length);
    const forms: DefaultForm[] = [];
    if ((await typeOf(`${base}_total`)) !== 'gauge') forms.push({ kind: 'rate', series: `${base}_total` });
    if ((await typeOf(base)) === 'counter') forms.push({ kind: 'rate', series: base });
    if (isDistribution(await typeOf(base))) {
      forms.push({ kind: 'rate', series: `${base}_count` }, { kind: 'histogram_rate', series: base });
    }
    // Metrics of whose type nobody has told, as of remote write, are what their names say.
    if ((await typeOf(base)) === '') forms.push({ kind: 'rate', series: `${base}_count` });
    // A gauge that happens to be called so.
    if (await isGauge(metric, typeOf)) forms.push({ kind: 'gauge', series: metric });
    return forms;
  }
  if (await isGauge(metric, typeOf)) return [{ kind: 'gauge', series: metric }, ...meansOf(metric, '')];
  return meansOf(metric, await typeOf(metric));
}

function meansOf(metric: string, type: string): readonly DefaultForm[] {
  if (type !== '' && !isDistribution(type)) return [];
  return [
    { kind: 'mean', sum: `${metric}_sum`, count: `${metric}_count` },
    { kind: 'histogram_mean', series: metric },
  ];
}

/** The metric that series of a name are offered as; undefined for what is not offered. */
export async function metricsOf(series: string, querier: Querier, signal: AbortSignal): Promise<readonly string[]> {
  const typeOf = typesOf(querier, signal);
  if (series.endsWith('_total') && (await typeOf(series)) !== 'gauge') {
    return [`${series.slice(0, -'_total'.length)}${PER_SECOND}`];
  }
  if ((await typeOf(series)) === 'counter') return [`${series}${PER_SECOND}`];
  if (series.endsWith('_count')) {
    const base = series.slice(0, -'_count'.length);
    const type = await typeOf(base);
    if (isDistribution(type) || (type === '' && (await typeOf(series)) === '')) return [`${base}${PER_SECOND}`, base];
  }
  if (isDistribution(await typeOf(series))) return [`${series}${PER_SECOND}`, series];
  return (await isGauge(series, typeOf)) ? [series] : [];
}

type TypeOf = (metric: string) => Promise<string>;

/** By series: what is known of it, or of the family that OpenMetrics has it in. */
function typesOf(querier: Querier, signal: AbortSignal): TypeOf {
  const known = new Map<string, string>();
  const ask = async (metric: string): Promise<string> => {
    const asked = known.get(metric);
    if (asked !== undefined) return asked;
    const [found] = await querier.metadata({ metric, limit: 1, limitPerMetric: 1 }, signal);
    const type = found === undefined || found.type === 'unknown' ? '' : found.type;
    known.set(metric, type);
    return type;
  };
  return async (series) => {
    const own = await ask(series);
    return own === '' && series.endsWith('_total') ? ask(series.slice(0, -'_total'.length)) : own;
  };
}

async function isGauge(series: string, typeOf: TypeOf): Promise<boolean> {
  if (NEVER_OFFERED.test(series)) return false;
  const type = await typeOf(series);
  if (type !== '') return type === 'gauge';
  if (series.endsWith('_total') || series.endsWith('_sum') || series.endsWith('_count')) return false;
  return true;
}

function isDistribution(type: string): boolean {
  return DISTRIBUTION.has(type);
}
