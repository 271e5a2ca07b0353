import { describe, expect, test } from 'vitest';
import { SinkHealth, type Trouble } from '../../src/delivery/sink-health.ts';

const retrying: Trouble = { kind: 'retrying', reason: 'network', detail: 'reset', sinceMs: 5 };
const full: Trouble = { kind: 'dead_letter', reason: 'ENOSPC', detail: 'no space left', sinceMs: 6 };
const held: Trouble = { kind: 'held', reason: 'credentials', detail: '401', sinceMs: 7 };

describe('sink health', () => {
  test('shows the gravest trouble of all deliveries', () => {
    const health = new SinkHealth();
    const [a, b, c] = [{}, {}, {}];
    expect(health.trouble).toBeUndefined();
    health.troubled(a, retrying);
    expect(health.trouble).toEqual(retrying);
    health.troubled(b, held);
    health.troubled(c, full);
    expect(health.trouble).toEqual(held);
    health.passed(b);
    expect(health.trouble).toEqual(full);
    health.passed(c);
    health.passed(a);
    health.passed(a);
    expect(health.trouble).toBeUndefined();
  });

  test('of equals shows the one that lasts longest', () => {
    const health = new SinkHealth();
    health.troubled({}, { ...retrying, sinceMs: 9 });
    health.troubled({}, { ...retrying, sinceMs: 3, detail: 'longest' });
    health.troubled({}, { ...retrying, sinceMs: 8 });
    expect(health.trouble).toMatchObject({ sinceMs: 3, detail: 'longest' });
  });

  test('a trouble that repeats lasts since it began; one of another kind begins anew', () => {
    const health = new SinkHealth();
    const delivery = {};
    health.troubled(delivery, retrying);
    health.troubled(delivery, { ...retrying, sinceMs: 50, detail: 'again' });
    expect(health.trouble).toMatchObject({ sinceMs: 5, detail: 'again' });
    health.troubled(delivery, { ...held, sinceMs: 60 });
    expect(health.trouble).toMatchObject({ kind: 'held', sinceMs: 60 });
  });
});
