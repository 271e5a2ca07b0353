/** From what discovery says of a target to its labels. Source: Prometheus 3, scrape/target.go, PopulateLabels. */
import { formatDuration, parseDuration } from '@vigie/core/durations';
import { quoteGo } from '@vigie/core/go-quote';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { ScrapeConfig } from '../config/collector-config.ts';
import { relabel } from '../relabel/relabel.ts';
import { histogramDefaults, histogramFlaw } from './target-histograms.ts';

export type Labels = Readonly<Record<string, string>>;

export const ADDRESS = '__address__';
export const SCHEME = '__scheme__';
export const METRICS_PATH = '__metrics_path__';
export const SCRAPE_INTERVAL = '__scrape_interval__';
export const SCRAPE_TIMEOUT = '__scrape_timeout__';
export const PARAM_PREFIX = '__param_';
/** Prometheus 3.15 would scrape what listens there, and not the address. */
const UNIX_SOCKET = '__unix_socket__';
const META_PREFIX = '__meta_';
const RESERVED_PREFIX = '__';

export type TargetLabels =
  /** Those of a target that is scraped; what begins with `__` says how, and is on no sample. */
  | { readonly kind: 'active'; readonly labels: LabelSet }
  /** Relabeling dropped it. */
  | { readonly kind: 'dropped' }
  /** In Prometheus' words, where it has some. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** Before relabeling. */
export function discoveredLabels(config: ScrapeConfig, target: Labels, group: Labels): LabelSet {
  const labels = new Map([...Object.entries(group), ...Object.entries(target)]);
  const setDefault = (name: string, value: string): void => {
    if ((labels.get(name) ?? '') === '') labels.set(name, value);
  };
  setDefault('job', config.jobName);
  setDefault(SCRAPE_INTERVAL, formatDuration(config.intervalMs));
  setDefault(SCRAPE_TIMEOUT, formatDuration(config.timeoutMs));
  setDefault(METRICS_PATH, config.metricsPath);
  setDefault(SCHEME, config.scheme);
  for (const [label, value] of histogramDefaults(config)) setDefault(label, value);
  for (const [name, [first]] of Object.entries(config.params)) {
    if (first !== undefined) setDefault(PARAM_PREFIX + name, first);
  }
  return LabelSet.of(labels);
}

export function targetLabels(config: ScrapeConfig, target: Labels, group: Labels): TargetLabels {
  const labels = relabel(discoveredLabels(config, target, group), config.relabel);
  if (labels === undefined || labels.size === 0) return { kind: 'dropped' };
  const address = labels.get(ADDRESS);
  const reason =
    addressFlaw(address) ??
    timingFlaw(labels.get(SCRAPE_INTERVAL), labels.get(SCRAPE_TIMEOUT)) ??
    histogramFlaw(labels) ??
    (labels.has(UNIX_SOCKET) ? `${UNIX_SOCKET} is not supported` : undefined);
  if (reason !== undefined) return { kind: 'invalid', reason };
  const kept = labels.filter((name) => !name.startsWith(META_PREFIX));
  return { kind: 'active', labels: kept.has('instance') ? kept : kept.with('instance', address) };
}

/** Those that samples have. */
export function publicLabels(labels: LabelSet): LabelSet {
  return labels.filter((name) => !name.startsWith(RESERVED_PREFIX));
}

function addressFlaw(address: string): string | undefined {
  if (address === '') return 'no address';
  return address.includes('/') ? `${quoteGo(address)} is not a valid hostname` : undefined;
}

function timingFlaw(interval: string, timeout: string): string | undefined {
  const intervalMs = parseDuration(interval);
  if (intervalMs === undefined) return `error parsing scrape interval: ${durationFlaw(interval)}`;
  if (intervalMs === 0) return 'scrape interval cannot be 0';
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs === undefined) return `error parsing scrape timeout: ${durationFlaw(timeout)}`;
  if (timeoutMs === 0) return 'scrape timeout cannot be 0';
  if (timeoutMs <= intervalMs) return undefined;
  return `scrape timeout cannot be greater than scrape interval (${quoteGo(timeout)} > ${quoteGo(interval)})`;
}

function durationFlaw(text: string): string {
  return text === '' ? 'empty duration string' : `not a valid duration string: ${quoteGo(text)}`;
}
