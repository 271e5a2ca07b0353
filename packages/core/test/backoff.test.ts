import { expect, it } from 'vitest';
import { Backoff } from '../src/backoff.ts';

const options = { baseMs: 100, capMs: 1000 };

it('doubles the upper bound of the wait up to the cap', () => {
  const backoff = new Backoff(options, () => 0.999_999);
  const waits = Array.from({ length: 6 }, () => Math.round(backoff.nextMs()));
  expect(waits).toEqual([100, 200, 400, 800, 1000, 1000]);
});

it('draws from the whole range below the bound', () => {
  const backoff = new Backoff(options, () => 0);
  expect(backoff.nextMs()).toBe(0);
});

it('starts over after a success', () => {
  const backoff = new Backoff(options, () => 0.5);
  backoff.nextMs();
  backoff.nextMs();
  expect(backoff.attempts).toBe(2);
  backoff.reset();
  expect(backoff.attempts).toBe(0);
  expect(backoff.nextMs()).toBe(50);
});

it('stays at the cap after more failures than a double can count', () => {
  const backoff = new Backoff(options, () => 0.5);
  for (let i = 0; i < 2000; i++) backoff.nextMs();
  expect(backoff.nextMs()).toBe(500);
});
