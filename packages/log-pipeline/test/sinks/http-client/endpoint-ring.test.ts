import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, test } from 'vitest';
import { type Endpoint, EndpointRing } from '../../../src/sinks/http-client/endpoint-ring.ts';

const none: ReadonlySet<Endpoint> = new Set();

function ring(clock = new FakeClock()): { ring: EndpointRing; clock: FakeClock; next: () => string } {
  const urls = ['a', 'b', 'c'].map((name) => new URL(`http://${name}`));
  const endpoints = new EndpointRing(urls, clock);
  return { ring: endpoints, clock, next: () => endpoints.next(none)?.url.hostname ?? 'none' };
}

describe('endpoint ring', () => {
  test('goes round', () => {
    const { next } = ring();
    expect([next(), next(), next(), next()]).toEqual(['a', 'b', 'c', 'a']);
  });

  test('leaves out what failed, for longer each time, until it works again', async () => {
    const { ring: endpoints, clock, next } = ring();
    const a = endpoints.next(none);
    if (a === undefined) throw new Error('no endpoint');
    endpoints.failed(a);
    expect([next(), next(), next()]).toEqual(['b', 'c', 'b']);
    await clock.advance(1_000);
    expect([next(), next()]).toEqual(['c', 'a']);
    endpoints.failed(a);
    await clock.advance(1_999);
    expect([next(), next(), next()]).toEqual(['b', 'c', 'b']);
    for (let n = 0; n < 20; n++) endpoints.failed(a);
    await clock.advance(59_999);
    expect([next(), next(), next()]).toEqual(['c', 'b', 'c']);
    await clock.advance(1);
    endpoints.succeeded(a);
    expect(a.failures).toBe(0);
  });

  test('with all down, tries the one whose time is up first, and each only once a request', () => {
    const { ring: endpoints } = ring();
    const tried = new Set<Endpoint>();
    const order: string[] = [];
    for (let at = endpoints.next(tried); at !== undefined; at = endpoints.next(tried)) {
      tried.add(at);
      order.push(at.url.hostname);
      endpoints.failed(at);
      if (order.length === 1) endpoints.failed(at);
    }
    expect(order).toEqual(['a', 'b', 'c']);
    expect(endpoints.next(none)?.url.hostname).toBe('b');
  });
});
