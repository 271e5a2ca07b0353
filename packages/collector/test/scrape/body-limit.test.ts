import { expect, it } from 'vitest';
import { bodyLimit } from '../../src/scrape/body-limit.ts';

const MIB = 1024 ** 2;

it.each([
  ['none is configured', undefined, 256 * MIB],
  ['a smaller one is', 15 * MIB, 15 * MIB],
  ['a larger one is', 512 * MIB, 512 * MIB],
  ['more is than memory should hold', 4096 * MIB, 1024 * MIB],
])('is bounded where %s', (_what, configured, bytes) => {
  expect(bodyLimit(configured)).toBe(bytes);
});
