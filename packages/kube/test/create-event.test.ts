import { expect, test } from 'vitest';
import { createEvent } from '../src/create-event.ts';
import { EVENT } from './events.ts';
import { clientOf, never, startServer } from './fixture.ts';

test('creates an Event in the namespace of what it is about', async () => {
  const server = await startServer();
  const { client } = clientOf(server.config());
  expect(await createEvent(client, EVENT, never)).toEqual({ status: 'created' });
  expect(server.requests[0]?.path).toBe('/apis/events.k8s.io/v1/namespaces/shop/events');
  expect(server.requests[0]?.body).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: 'shop', name: 'web.1' },
    eventTime: '2026-11-29T12:00:00.000000Z',
    type: 'Warning',
    reason: 'MetricNoSeries',
    action: 'ServeMetric',
    note: 'no series',
    reportingController: 'vigie.io/collector',
    reportingInstance: 'collector-0',
    regarding: EVENT.regarding,
  });
});

test('says that there is one of the name, or that it may not', async () => {
  const server = await startServer();
  const { client } = clientOf(server.config());
  await createEvent(client, EVENT, never);
  expect(await createEvent(client, EVENT, never)).toEqual({ status: 'exists' });
  server.refuse({ verb: 'create', status: 403, message: 'no' });
  expect(await createEvent(client, { ...EVENT, name: 'web.2' }, never)).toMatchObject({
    status: 'refused',
    httpStatus: 403,
  });
});

test('cuts what the API server would not take', async () => {
  const server = await startServer();
  const { client } = clientOf(server.config());
  await createEvent(client, { ...EVENT, note: 'é'.repeat(2000), reportingInstance: 'x'.repeat(200) }, never);
  const { note, reportingInstance } = server.requests[0]?.body as Record<string, string>;
  expect(Buffer.byteLength(note ?? '')).toBeLessThanOrEqual(1024);
  expect(note).toMatch(/^é+…$/);
  expect(reportingInstance).toHaveLength(128);
});
