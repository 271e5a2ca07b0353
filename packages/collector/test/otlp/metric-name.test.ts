/** Cases of prometheus/otlptranslator v1.0.0, metric_namer_test.go. */
import { describe, expect, it } from 'vitest';
import { metricName, unitName } from '../../src/otlp/metric-name.ts';

const gauge = { kind: 'gauge', points: [] } as const;
const counter = { kind: 'sum', points: [], temporality: 'cumulative', isMonotonic: true } as const;

describe('the name of a metric', () => {
  it.each([
    ['requests', '', counter, 'requests_total'],
    ['cpu_usage', '1', gauge, 'cpu_usage_ratio'],
    ['items', '1', counter, 'items_total'],
    ['response_time', 'ms', gauge, 'response_time_milliseconds'],
    ['requests', '1/s', gauge, 'requests_per_second'],
    ['throughput', 'By/s', gauge, 'throughput_bytes_per_second'],
    ['custom_metric', 'custom_unit', gauge, 'custom_metric_custom_unit'],
    ['custom_metric', '{custom}', gauge, 'custom_metric'],
    ['custom_metric', 'By/{custom}', gauge, 'custom_metric_bytes'],
    ['requests_total', '', counter, 'requests_total'],
    ['total_requests.count', '', counter, 'requests_count_total'],
    ['cpu_usage_ratio', '1', gauge, 'cpu_usage_ratio'],
    ['response_time_seconds', 's', gauge, 'response_time_seconds'],
    ['http.server..duration', 's', gauge, 'http_server_duration_seconds'],
    ['3xx', '', gauge, '_3xx'],
    ['@#$%', '', gauge, undefined],
    ['a', '/', gauge, 'a'],
    ['a', 'm/s_', gauge, 'a_meters_per_s'],
  ])('is escaped, with unit and type: %s in %s', (name, unit, data, wanted) => {
    expect(metricName({ name, unit, data }, { hasSuffixes: true, isEscaped: true })).toBe(wanted);
  });

  it.each([
    ['metric@with#special$chars', 'metric_with_special_chars'],
    ['metric@@##$$name', 'metric_name'],
    ['metric__name', 'metric__name'],
    ['123metric', '_123metric'],
    ['', undefined],
    ['@_#_$_%', undefined],
    ['___', '___'],
  ])('is escaped alone: %s', (name, wanted) => {
    expect(metricName({ name, unit: 's', data: counter }, { hasSuffixes: false, isEscaped: true })).toBe(wanted);
  });

  it.each([
    ['http.server.duration', 's', gauge, 'http.server.duration_seconds'],
    ['requests_total', '', counter, 'requests_total'],
    ['requests', 'By/s', counter, 'requests_bytes_per_second_total'],
    ['requests_bytes_per_second_total', 'By/s', counter, 'requests_bytes_per_second_total'],
    ['usage', '1', gauge, 'usage_ratio'],
    ['', '', gauge, undefined],
  ])('is left as it is, with unit and type: %s in %s', (name, unit, data, wanted) => {
    expect(metricName({ name, unit, data }, { hasSuffixes: true, isEscaped: false })).toBe(wanted);
  });

  it('is left as it is', () => {
    const style = { hasSuffixes: false, isEscaped: false };
    expect(metricName({ name: 'http.server', unit: 's', data: counter }, style)).toBe('http.server');
  });
});

describe('the unit of a metric', () => {
  it.each([
    ['s', 'seconds'],
    ['By/s', 'bytes_per_second'],
    ['1/s', 'per_second'],
    ['1', ''],
    ['%', 'percent'],
    ['{things}', ''],
    ['a  b', 'a_b'],
  ])('%s is %s', (unit, wanted) => {
    expect(unitName(unit)).toBe(wanted);
  });
});
