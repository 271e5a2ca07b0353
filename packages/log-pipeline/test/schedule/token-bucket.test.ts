import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/schedule/token-bucket.ts';

describe('TokenBucket', () => {
  it('lets the burst pass, then the rate', () => {
    const bucket = new TokenBucket(1000, 500, 0);
    expect(bucket.waitMs(0)).toBe(0);
    bucket.take(1500, 0);
    expect(bucket.waitMs(0)).toBe(1001);
    expect(bucket.waitMs(1000)).toBe(1);
    expect(bucket.waitMs(1001)).toBe(0);
  });

  it('delays by exactly the rate over a long time', () => {
    const bucket = new TokenBucket(1_000_000, 1_000_000, 0);
    let nowMs = 0;
    let bytes = 0;
    while (nowMs < 60_000) {
      const waitMs = bucket.waitMs(nowMs);
      if (waitMs > 0) {
        nowMs += waitMs;
        continue;
      }
      bucket.take(300_000, nowMs);
      bytes += 300_000;
    }
    expect(bytes / 61_000_000).toBeCloseTo(1, 1);
  });

  it('does not save up more than the burst', () => {
    const bucket = new TokenBucket(1000, 500, 0);
    bucket.take(1000, 1_000_000);
    expect(bucket.waitMs(1_000_000)).toBe(501);
  });
});
