import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it } from 'vitest';
import type { SendEvent } from '../../src/history/history-event.ts';
import { RepeatedFailures } from '../../src/notify/repeated-failures.ts';

const MINUTE = 60_000;
const failure: SendEvent = {
  kind: 'failed',
  timeMs: 0,
  receiver: 'a',
  integration: 'a/webhook/0',
  groupKey: '{}:{}',
  groupLabels: LabelSet.empty,
  reason: 'first notification',
  firing: ['1'],
  resolved: [],
  attempt: 1,
  latencyMs: 1,
  problem: '503',
};

it('hides a failure like the last of its group for ten minutes, until something is sent', async () => {
  const clock = new FakeClock(0);
  const failures = new RepeatedFailures(clock);
  expect(failures.hides(failure)).toBe(false);
  expect(failures.hides({ ...failure, attempt: 2, latencyMs: 7 })).toBe(true);
  expect(failures.hides({ ...failure, groupKey: '{}:{a="b"}' })).toBe(false);
  expect(failures.hides({ ...failure, integration: 'a/webhook/1' })).toBe(false);
  expect(failures.hides({ ...failure, problem: '502' })).toBe(false);
  expect(failures.hides(failure)).toBe(false);
  expect(failures.hides({ ...failure, firing: [], resolved: ['1'] })).toBe(false);
  expect(failures.hides(failure)).toBe(false);
  await clock.advance(9 * MINUTE);
  expect(failures.hides(failure)).toBe(true);
  await clock.advance(MINUTE);
  expect(failures.hides(failure)).toBe(false);
  // What fails behind it is failing since then.
  expect(failures.hides({ ...failure, kind: 'sent', groupKey: '{}:{a="b"}', problem: '' })).toBe(false);
  expect(failures.hides(failure)).toBe(false);
  expect(failures.hides(failure)).toBe(true);
});

it('forgets rather than to grow without bounds', () => {
  const failures = new RepeatedFailures(new FakeClock(0));
  for (let group = 0; group <= 10_000; group++) failures.hides({ ...failure, groupKey: `${group}` });
  expect(failures.hides({ ...failure, groupKey: '0' })).toBe(false);
  expect(failures.hides({ ...failure, groupKey: '10000' })).toBe(true);
});
