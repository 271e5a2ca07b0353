import type { Random } from '@vigie/core/random';

/** @param from not empty; what stands in it twice is twice as likely */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}
