import { expect, it } from 'vitest';
import { failureReason } from '../../src/notify/failure-reason.ts';
import { Lab, MINUTE } from '../lab.ts';
import { config } from './world.ts';

const { signal } = new AbortController();

/** Reasons that are not 0. */
function failed(lab: Lab): object {
  const counts = Object.entries(lab.counts.integrations.get('a/webhook/0')?.failed ?? {});
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

it.each([
  [200, 'clientError'],
  [302, 'other'],
  [400, 'clientError'],
  [401, 'authError'],
  [403, 'authError'],
  [404, 'clientError'],
  [429, 'rateLimited'],
  [500, 'serverError'],
  [503, 'serverError'],
  [undefined, 'other'],
] as const)('of an attempt that was answered %s is %s', (status, reason) => {
  const before = { body: 'x', status: 200 };
  expect(failureReason({ exchanges: [before, { body: 'y', status }] }, signal)).toBe(reason);
});

it('of one in which nothing was sent is other', () => {
  expect(failureReason({ exchanges: [] }, signal)).toBe('other');
});

it('of one that takes too long is the deadline, unless an attempt before it had failed', async () => {
  const lab = await new Lab(config()).start();
  lab.answer = (_, ending) => untilAborted(ending);
  await lab.post({ alertname: 'A' });
  await lab.after(6 * MINUTE);
  expect(failed(lab)).toEqual({ contextDeadlineExceeded: 1 });
  let attempts = 0;
  lab.answer = (_, ending) =>
    attempts++ === 0 ? { kind: 'retry', reason: '503', afterMs: undefined } : untilAborted(ending);
  await lab.after(5 * MINUTE);
  expect(failed(lab)).toEqual({ contextDeadlineExceeded: 2 });
  await lab.after(5 * MINUTE);
  expect(failed(lab)).toEqual({ contextDeadlineExceeded: 2, other: 1 });
});

it('of one that the end of the service cuts short is that it was cancelled', async () => {
  const lab = await new Lab(config()).start();
  lab.answer = (_, ending) => untilAborted(ending);
  await lab.post({ alertname: 'A' });
  await lab.after(MINUTE);
  await lab.engine.close({ graceMs: 0 });
  expect(failed(lab)).toEqual({ contextCanceled: 1 });
});

function untilAborted(ending: AbortSignal) {
  return new Promise<{ kind: 'retry'; reason: string; afterMs: undefined }>((resolve) => {
    ending.addEventListener('abort', () => resolve({ kind: 'retry', reason: 'cut short', afterMs: undefined }));
  });
}
