import { expect, test } from 'vitest';
import { createEvent } from '../src/create-event.ts';
import { repeatEvent } from '../src/repeat-event.ts';
import { EVENT } from './events.ts';
import { clientOf, never, startServer } from './fixture.ts';

const MINUTE = 60_000;

async function told() {
  const server = await startServer();
  const { client } = clientOf(server.config());
  await createEvent(client, EVENT, never);
  const repeat = (minutes: number, note = EVENT.note) =>
    repeatEvent(client, { ...EVENT, note, timeMs: EVENT.timeMs + minutes * MINUTE }, 5 * MINUTE, never);
  return { server, repeat };
}

test('counts an Event that is told again, and lets it say what is to be said now', async () => {
  const { server, repeat } = await told();
  expect(await repeat(5, 'it is NaN')).toEqual({ status: 'repeated' });
  expect(await repeat(11)).toEqual({ status: 'repeated' });
  expect(server.store.list('events')).toHaveLength(1);
  expect(server.store.find('events', 'shop', 'web.1')).toMatchObject({
    eventTime: '2026-11-29T12:00:00.000000Z',
    message: 'no series',
    series: { count: 3, lastObservedTime: '2026-11-29T12:11:00.000000Z' },
  });
  const patch = server.requests.find(({ verb }) => verb === 'patch');
  expect(patch?.path).toBe('/api/v1/namespaces/shop/events/web.1');
  expect(patch?.headers['content-type']).toBe('application/merge-patch+json');
  expect(patch?.body).toMatchObject({ message: 'it is NaN', series: { count: 2 } });
});

test.each([4, -4])('leaves one alone that was told %d minutes ago, by whichever clock', async (minutes) => {
  const { server, repeat } = await told();
  expect(await repeat(minutes)).toEqual({ status: 'recent' });
  expect(server.count('patch')).toBe(0);
});

test('leaves it to who has changed it meanwhile, and says what keeps it from being told', async () => {
  const { server, repeat } = await told();
  server.refuse({ verb: 'patch', status: 409, reason: 'Conflict', times: 1 });
  expect(await repeat(5)).toEqual({ status: 'recent' });
  server.refuse({ verb: 'patch', status: 403, times: 1 });
  expect(await repeat(5)).toMatchObject({ status: 'refused', httpStatus: 403 });
  server.remove('events', 'shop', 'web.1');
  expect(await repeat(5)).toMatchObject({ status: 'refused', httpStatus: 404 });
});
