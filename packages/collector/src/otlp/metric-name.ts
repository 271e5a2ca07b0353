/** Names of metrics and units, from OpenTelemetry's to Prometheus'. Source: prometheus/otlptranslator v1.0.0, metric_namer.go and
 *  unit_namer.go. */
import type { MetricPoints } from '@vigie/wire/otlp/metrics';

export interface NameStyle {
  /** Units and types stand behind names. */
  readonly hasSuffixes: boolean;
  /** What is no letter, digit or underscore becomes an underscore. */
  readonly isEscaped: boolean;
}

export interface NamedMetric {
  readonly name: string;
  readonly unit: string;
  readonly data: MetricPoints;
}

const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

const PER_UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

interface UnitSuffixes {
  /** `bytes`; '' for none. */
  readonly main: string;
  /** `per_second`; '' for none. */
  readonly per: string;
}

/** @returns undefined where nothing is left of the name */
export function metricName(metric: NamedMetric, { hasSuffixes, isEscaped }: NameStyle): string | undefined {
  if (!isEscaped) return (hasSuffixes ? withSuffixes(metric) : metric.name) || undefined;
  const name = hasSuffixes ? escapedWithSuffixes(metric) : escaped(metric.name);
  // A name may be of underscores alone, but not become so.
  return name === '' || (name !== metric.name && /^_+$/.test(name)) ? undefined : name;
}

/** Of metadata. @returns '' for none */
export function unitName(unit: string): string {
  const { main, per } = suffixesOf(unit);
  const parts = [cleanUnit(main), cleanUnit(per)].filter((part) => part !== '');
  return parts.join('_').replace(/^_/, '').replace(/_$/, '');
}

function isCounter({ data }: NamedMetric): boolean {
  return data.kind === 'sum' && data.isMonotonic;
}

/** Counters of things have the unit 1 by mistake, gauges alone are ratios. */
function isRatio({ unit, data }: NamedMetric): boolean {
  return unit === '1' && data.kind === 'gauge';
}

function escaped(name: string): string {
  const parts = name.split(/[^a-zA-Z0-9:_]+/).filter((part) => part !== '');
  return noDigitFirst(parts.join('_'));
}

function escapedWithSuffixes(metric: NamedMetric): string {
  const { name, unit } = metric;
  const { main, per } = suffixesOf(unit);
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  tokens = withUnitTokens(tokens, cleanUnit(main), cleanUnit(per));
  if (isCounter(metric)) tokens = [...tokens.filter((token) => token !== 'total'), 'total'];
  if (isRatio(metric)) tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
  return noDigitFirst(tokens.join('_'));
}

function noDigitFirst(name: string): string {
  return /^\d/.test(name) ? `_${name}` : name;
}

function withUnitTokens(tokens: readonly string[], mainUnit: string, perUnit: string): string[] {
  let main = tokens.includes(mainUnit) ? '' : mainUnit;
  let per = perUnit === 'per_' ? '' : perUnit.replace(/_$/, '');
  if (tokens.includes(per)) per = '';
  if (per !== '') main = main.replace(/_$/, '');
  return [...tokens, ...[main, per].filter((token) => token !== '')];
}

/** Names are left as they are: what they end in is put in order. */
function withSuffixes(metric: NamedMetric): string {
  const { main, per } = suffixesOf(metric.unit);
  const tail = [
    ...(per === '' ? [] : [per]),
    ...(isCounter(metric) ? ['total'] : []),
    ...(isRatio(metric) ? ['ratio'] : []),
  ];
  const bare = tail.toReversed().reduce(withoutSuffix, metric.name);
  const head = main !== '' && !bare.endsWith(main) ? [bare, main] : [bare];
  return [...head, ...tail].join('_');
}

/** Without the suffix, and the one character before it. */
function withoutSuffix(name: string, suffix: string): string {
  return name.endsWith(suffix) && name.length > suffix.length + 1 ? name.slice(0, -(suffix.length + 1)) : name;
}

function suffixesOf(unit: string): UnitSuffixes {
  const slash = unit.indexOf('/');
  const main = plainUnit(slash < 0 ? unit : unit.slice(0, slash));
  const per = slash < 0 ? '' : plainUnit(unit.slice(slash + 1));
  const perName = PER_UNITS.get(per) ?? per;
  return { main: UNITS.get(main) ?? main, per: perName === '' ? '' : `per_${perName}` };
}

/** What stands in braces says what is counted, and is no unit. */
function plainUnit(written: string): string {
  return /[{}]/.test(written) ? '' : written.trim();
}

function cleanUnit(unit: string): string {
  return unit.replace(/[^a-zA-Z0-9:]+/g, '_').replace(/^_/, '');
}
