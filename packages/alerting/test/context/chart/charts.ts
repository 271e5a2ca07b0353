import type { Chart } from '../../../src/context/chart/chart.ts';

export const CHART_START = Date.parse('2026-11-29T09:00:00Z');
const MINUTE = 60_000;

/** An hour: what fires rises from 0 to 60, with ten minutes missing; another stays at 5. It fires at 10 minutes before the end. */
export function chartOf(change: Partial<Chart> = {}): Chart {
  const minutes = Array.from({ length: 61 }, (_, minute) => minute);
  const known = minutes.filter((minute) => minute < 20 || minute >= 30);
  return {
    title: 'rate(errors_total[5m]) & <more>',
    startMs: CHART_START,
    endMs: CHART_START + 60 * MINUTE,
    stepMs: MINUTE,
    lines: [
      {
        label: '{pod="web-1"}',
        isFiring: true,
        timesMs: Float64Array.from(known, (minute) => CHART_START + minute * MINUTE),
        values: Float64Array.from(known),
      },
      {
        label: '{pod="web-2"}',
        isFiring: false,
        timesMs: Float64Array.from(minutes, (minute) => CHART_START + minute * MINUTE),
        values: Float64Array.from(minutes, () => 5),
      },
    ],
    left: 3,
    threshold: { operator: '>', value: 50 },
    firedAtMs: CHART_START + 50 * MINUTE,
    ...change,
  };
}
