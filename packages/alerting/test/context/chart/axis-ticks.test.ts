import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { timeText, timeTicks, valueTicks } from '../../../src/context/chart/axis-ticks.ts';

describe('ticks of values', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 97, [0, 20, 40, 60, 80]],
    [-3, 3, [-2, 0, 2]],
    [1e9, 1.4e9, [1e9, 1.1e9, 1.2e9, 1.3e9, 1.4e9]],
  ])('from %d to %d are round', (low, high, ticks) => {
    expect(valueTicks(low, high, 6)).toEqual(ticks);
  });

  it('are at most so many, and within, whatever the range', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 2000; round++) {
      const low = (random() - 0.5) * 10 ** Math.floor(random() * 20 - 10);
      const high = low + Math.abs(low) * (0.01 + random()) + 1e-9;
      const ticks = valueTicks(low, high, 6);
      const room = (high - low) * 1e-6;
      expect(ticks.length, `${low} ${high}`).toBeLessThanOrEqual(7);
      for (const tick of ticks) expect(tick >= low - room && tick <= high + room, `${low} ${high} ${tick}`).toBe(true);
    }
  });
});

describe('ticks of time', () => {
  const start = Date.parse('2026-11-29T09:58:30Z');

  it.each([
    [10, ['10:00', '10:02', '10:04', '10:06', '10:08']],
    [60, ['10:00', '10:10', '10:20', '10:30', '10:40', '10:50']],
    [600, ['10:00', '12:00', '14:00', '16:00', '18:00']],
  ])('over %d minutes are at round ones', (minutes, texts) => {
    expect(timeTicks(start, start + minutes * 60_000, 8).map((tick) => timeText(tick, false))).toEqual(texts);
  });

  it('over days have their date', () => {
    const ticks = timeTicks(start, start + 4 * 86_400_000, 5);
    expect(ticks.map((tick) => timeText(tick, true))).toEqual(
      [30, 1, 2, 3].map((day) => `${String(day).padStart(2, '0')} ${day === 30 ? 'Nov' : 'Dec'} 00:00`),
    );
  });
});
