import { expect, it } from 'vitest';
import { parseBase2Size } from '../../src/config/base2-size.ts';

it.each([
  ['0', 0],
  ['15MB', 15 * 1024 ** 2],
  ['15MiB', 15 * 1024 ** 2],
  ['1.5KB', 1536],
  ['1GB512MB', 1.5 * 1024 ** 3],
  ['7B', 7],
])('reads %s as Prometheus does', (text, sizeBytes) => {
  expect(parseBase2Size(text)).toBe(sizeBytes);
});

it.each(['', '15', '15M', '15mb', 'MB', '1GB512', '-1B', '9000000PB'])('refuses %s', (text) => {
  expect(parseBase2Size(text)).toBeUndefined();
});
