import { describe, expect, it } from 'vitest';
import { bed, FULL, NODE_DOWN, SLOW, silence } from './bed.ts';

describe('GET /alerts/counts', () => {
  it('says how many there are, of those that are asked for, and of which labels', async () => {
    const { get, post } = await bed(NODE_DOWN, SLOW, FULL);
    await post('/silences', silence(['alertname=Full']));
    expect((await get('/alerts/counts')).json).toEqual({ alerts: 3, active: 1, suppressed: 2, by: {} });
    expect((await get('/alerts/counts?by=severity&by=node&inhibited=false')).json).toEqual({
      alerts: 2,
      active: 1,
      suppressed: 1,
      by: {
        severity: {
          values: [
            { value: '', alerts: 1 },
            { value: 'page', alerts: 1 },
          ],
          others: 0,
        },
        node: {
          values: [
            { value: '', alerts: 1 },
            { value: 'n1', alerts: 1 },
          ],
          others: 0,
        },
      },
    });
    expect((await get('/alerts/counts?filter=severity%3Dpage')).json).toMatchObject({ alerts: 2 });
  });

  it('names the values of the most alerts, and counts the others', async () => {
    const alerts = Array.from({ length: 103 }, (_, index) => ({ labels: { alertname: 'A', n: `${index}` } }));
    const { get } = await bed(...alerts, { labels: { alertname: 'B', n: '7' } });
    const { json } = await get('/alerts/counts?by=n');
    expect(json).toMatchObject({ alerts: 104, by: { n: { others: 3 } } });
    expect(JSON.stringify(json)).toContain('"values":[{"value":"7","alerts":2},{"value":"0","alerts":1},');
    const { status } = await get(`/alerts/counts?${Array.from({ length: 11 }, (_, at) => `by=l${at}`).join('&')}`);
    expect(status).toBe(400);
  });
});
