/** How the histograms of one target are taken: as its job says, unless its own labels say otherwise. Source: Prometheus 3.15,
 *  scrape/target.go and configuration.md, relabel_config. */
import { parseGoBoolean } from '@vigie/core/go-boolean';
import { quoteGo } from '@vigie/core/go-quote';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { ScrapeConfig } from '../config/collector-config.ts';

type HistogramKey = 'scrapeNativeHistograms' | 'alwaysScrapeClassicHistograms' | 'convertsClassicHistograms';

interface HistogramLabel {
  readonly key: HistogramKey;
  readonly label: string;
}

const HISTOGRAM_LABELS: readonly HistogramLabel[] = [
  { key: 'convertsClassicHistograms', label: '__convert_classic_histograms_to_nhcb__' },
  { key: 'alwaysScrapeClassicHistograms', label: '__always_scrape_classic_histograms__' },
  { key: 'scrapeNativeHistograms', label: '__scrape_native_histograms__' },
];

/** What relabeling finds where discovery says nothing. */
export function histogramDefaults(config: ScrapeConfig): readonly (readonly [label: string, value: string])[] {
  return HISTOGRAM_LABELS.map(({ key, label }) => [label, String(config[key])]);
}

/** @returns in Prometheus' words; undefined where there is none */
export function histogramFlaw(labels: LabelSet): string | undefined {
  for (const { label } of HISTOGRAM_LABELS) {
    const value = labels.get(label);
    if (value === '' || parseGoBoolean(value) !== undefined) continue;
    const name = label.replaceAll('_', ' ').trim();
    return `error parsing ${name}: strconv.ParseBool: parsing ${quoteGo(value)}: invalid syntax`;
  }
  return undefined;
}

/** @param labels of a target, without such a flaw
 *  @returns the same object where they say nothing else */
export function withHistogramsOf(labels: LabelSet, config: ScrapeConfig): ScrapeConfig {
  const others = HISTOGRAM_LABELS.flatMap(({ key, label }) => {
    const flag = parseGoBoolean(labels.get(label));
    return flag === undefined || flag === config[key] ? [] : [[key, flag] as const];
  });
  return others.length === 0 ? config : { ...config, ...Object.fromEntries(others) };
}
