import { formatGoFloat } from '@vigie/core/go-float';

/** As `le` and `quantile` are written: always a float, `1.0`, `0.5`, `1e+06`, `+Inf`. */
export function formatOpenMetricsFloat(value: number): string {
  if (value === 0) return '0.0';
  const text = formatGoFloat(value, 'g');
  return Number.isFinite(value) && !/[e.]/.test(text) ? `${text}.0` : text;
}
