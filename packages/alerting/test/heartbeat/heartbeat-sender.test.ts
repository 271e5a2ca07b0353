/** A dead man's switch over real connections, on a fake clock. */
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { HealthView } from '../../src/heartbeat/engine-health.ts';
import { HeartbeatSender, type HeartbeatTarget } from '../../src/heartbeat/heartbeat-sender.ts';
import { record } from '../receivers/recorder.ts';

const SECOND = 1000;

function bed() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const view = { oldestUnsentMs: undefined, isStateIncomplete: false, groups: [] };
  let health: Omit<HealthView, 'nowMs'> = view;
  const sender = new HeartbeatSender({
    clock,
    log: createLog('warn', { write: (line: string) => void lines.push(line) }),
    env: {},
    userAgent: 'vigie/1.2.3',
    health: () => ({ nowMs: clock.nowMs(), ...health }),
  });
  onTestFinished(() => sender.close());
  const targetOf = (url: string, change: Partial<HeartbeatTarget> = {}): HeartbeatTarget => ({
    ...{ url: { value: url }, intervalMs: 60 * SECOND, timeoutMs: 10 * SECOND, stuckAfterMs: 900 * SECOND },
    http: DEFAULT_HTTP_CLIENT,
    ...change,
  });
  const until = (assertion: () => void) => vi.waitFor(assertion, { timeout: 50_000, interval: 5 });
  const set = (change: Partial<HealthView>): void => {
    health = { ...view, ...change };
  };
  return { clock, sender, lines, targetOf, until, set };
}

it('is told at the start, and at each interval', async () => {
  const server = await record();
  const { clock, sender, targetOf, until } = bed();
  sender.apply([targetOf(`${server.url}/a`)]);
  await clock.advance(0);
  await until(() => expect(sender.counts.get('sent')).toBe(1));
  await clock.advance(59 * SECOND);
  expect(server.requests).toHaveLength(1);
  await clock.advance(SECOND);
  await until(() => expect(sender.counts.get('sent')).toBe(2));
  expect(server.requests[1]).toMatchObject({ method: 'POST', url: '/a' });
});

it('hears nothing while alerts do not get through, and the log says why', async () => {
  const server = await record();
  const { clock, sender, targetOf, set, until, lines } = bed();
  set({ isStateIncomplete: true });
  sender.apply([targetOf(server.url)]);
  await clock.advance(120 * SECOND);
  expect(server.requests).toEqual([]);
  expect(sender.counts.get('state_not_kept')).toBe(3);
  expect(lines[0]).toContain('state_not_kept');
  set({});
  await clock.advance(60 * SECOND);
  await until(() => expect(sender.counts.get('sent')).toBe(1));
});

it('is counted where it was not taken, and its URL is in no log', async () => {
  const server = await record((_request, response) => response.writeHead(404).end('secret-token'));
  const { clock, sender, targetOf, until, lines } = bed();
  sender.apply([
    targetOf(`${server.url}/secret-token`),
    targetOf('http://127.0.0.1:1/secret-token'),
    targetOf('secret-token'),
  ]);
  await clock.advance(0);
  await until(() => expect(sender.counts.get('failed')).toBe(3));
  expect(lines).toHaveLength(3);
  expect(lines.join('')).not.toContain('secret-token');
});

it('is not waited for beyond its time', async () => {
  const server = await record(() => undefined);
  const { clock, sender, targetOf, until } = bed();
  sender.apply([targetOf(server.url)]);
  await clock.advance(0);
  await until(() => expect(server.requests).toHaveLength(1));
  await clock.advance(10 * SECOND);
  await until(() => expect(sender.counts.get('failed')).toBe(1));
});

it('ends, and goes on with others', async () => {
  const [one, two] = [await record(), await record()];
  const { clock, sender, targetOf, until } = bed();
  sender.apply([targetOf(one.url)]);
  await clock.advance(0);
  await until(() => expect(one.requests).toHaveLength(1));
  sender.apply([targetOf(two.url, { intervalMs: 5 * SECOND })]);
  await clock.advance(0);
  await until(() => expect(two.requests).toHaveLength(1));
  sender.close();
  await clock.advance(600 * SECOND);
  expect([one.requests.length, two.requests.length]).toEqual([1, 1]);
  expect(clock.pendingTimers).toBe(0);
});
