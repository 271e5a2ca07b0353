import { describe, expect, it } from 'vitest';
import { bed, FULL, NODE_DOWN, NOW, SLOW, silence } from './bed.ts';

describe('silences', () => {
  it('are added, shown, changed in place, replaced and ended', async () => {
    const { get, post, ask, clock } = await bed();
    const added = await post('/silences', silence(['a=b'], { annotations: { ticket: 'T-1' } }));
    expect(added).toMatchObject({ status: 200, text: '{"silenceID":"00000000-0000-4000-8000-000000000001"}\n' });
    const id = '00000000-0000-4000-8000-000000000001';
    expect((await get(`/silence/${id}`)).text).toBe(
      `{"id":"${id}","status":{"state":"active"},"updatedAt":"2026-11-29T10:00:00.000Z","annotations":{"ticket":"T-1"},"comment":"maintenance","createdBy":"me","endsAt":"2026-11-29T11:00:00.000Z","matchers":[{"isEqual":true,"isRegex":false,"name":"a","value":"b"}],"startsAt":"2026-11-29T10:00:00.000Z"}\n`,
    );
    await clock.advance(1000);
    const longer = await post('/silences', { id, ...silence(['a=b'], { endsAt: '2026-11-29T12:00:00Z' }) });
    expect(longer.json).toEqual({ silenceID: id });
    const other = await post('/silences', { id, ...silence(['a=c']) });
    expect(other.json).toEqual({ silenceID: '00000000-0000-4000-8000-000000000002' });
    await clock.advance(1000);
    const url = '/alertmanager/api/v2/silence/00000000-0000-4000-8000-000000000002';
    expect(await ask({ method: 'DELETE', url })).toMatchObject({ status: 200, text: '' });
    expect(await ask({ method: 'DELETE', url })).toMatchObject({ status: 200, text: '' });
    await clock.advance(1000);
    const states = ((await get('/silences')).json as { id: string; status: { state: string } }[]).map(
      (one) => `${one.id.at(-1)} ${one.status.state}`,
    );
    expect(states).toEqual(['2 expired', '1 expired']);
  });

  it('are listed by state and time, and found by the matchers that they have', async () => {
    const { get, post, clock } = await bed();
    const times = (from: number, to: number) => ({
      startsAt: new Date(NOW + from * 60_000).toISOString(),
      endsAt: new Date(NOW + to * 60_000).toISOString(),
    });
    await post('/silences', silence(['n=1', 'a=b'], times(0, 30)));
    await post('/silences', silence(['n=2'], times(0, 20)));
    await post('/silences', silence(['n=3'], times(60, 90)));
    await post('/silences', silence(['n=4'], times(50, 90)));
    await post('/silences', silence(['n=5'], times(0, 1)));
    await post('/silences', silence(['n=6'], times(0, 2)));
    await clock.advance(5 * 60_000);
    const numbers = async (query: string) =>
      ((await get(`/silences${query}`)).json as { matchers: { name: string; value: string }[] }[])
        .map(({ matchers }) => matchers[0]?.value)
        .join('');
    expect(await numbers('')).toBe('214365');
    expect(await numbers('?expired=false')).toBe('2143');
    expect(await numbers('?active=false&pending=false')).toBe('65');
    expect(await numbers('?active=false&pending=false&expired=false')).toBe('');
    expect(await numbers('?filter=a%3Db')).toBe('1');
    expect(await numbers('?filter=a%3D~b')).toBe('');
    expect(await numbers('?filter=a%3Db&filter=n%3D2')).toBe('');
  });

  it.each([
    ['', 422, { code: 602, message: 'silence in body is required' }],
    ['[]', 400, { code: 400, message: 'parsing silence body from "" failed, because it is no object, but array' }],
    ['{}', 422, { code: 602, message: 'comment in body is required' }],
    [silence([]), 422, { code: 612, message: 'matchers in body should have at least 1 items' }],
    [
      { ...silence(['a=b']), matchers: [{ name: 'a', value: 'b' }] },
      422,
      { code: 602, message: 'matchers.0.isRegex in body is required' },
    ],
    [
      silence(['a=b'], { startsAt: 'x' }),
      400,
      { code: 400, message: 'parsing silence body from "" failed, because startsAt is no time: "x"' },
    ],
    [
      silence(['a=b'], { endsAt: '2026-11-29T10:00:00Z' }),
      400,
      'Failed to create silence: start time must be before end time',
    ],
    [
      silence(['a=b'], { startsAt: '2026-11-29T08:00:00Z', endsAt: '2026-11-29T09:00:00Z' }),
      400,
      "Failed to create silence: end time can't be in the past",
    ],
    [silence(['a=']), 400, 'invalid silence: matcher set 0: at least one matcher must not match the empty string'],
    [silence(['=b']), 400, 'invalid silence: invalid label matcher 0 in set 0: invalid label name ""'],
    [
      { ...silence(['a=b']), matchers: [{ name: 'a', value: '(', isRegex: true }] },
      400,
      'invalid silence: invalid label matcher 0 in set 0: invalid regular expression "(": error parsing regexp: missing closing ): `(`',
    ],
    [{ id: 'nobody', ...silence(['a=b']) }, 404, 'silence nobody not found'],
    [silence(['a=b'], { comment: 'x'.repeat(70_000) }), 400, expect.stringContaining('silence exceeded maximum size')],
  ])('refuse %j', async (body, status, json) => {
    const { post } = await bed();
    expect(await post('/silences', body)).toMatchObject({ status, json });
  });

  it('are not there by an id that nothing has', async () => {
    const { get, ask } = await bed();
    const id = '00000000-0000-4000-8000-00000000000f';
    expect(await get(`/silence/${id}`)).toMatchObject({ status: 404, text: '' });
    const url = `/alertmanager/api/v2/silence/${id}`;
    expect(await ask({ method: 'DELETE', url })).toMatchObject({ status: 404, text: '' });
    expect(await get('/silence/x')).toMatchObject({
      status: 422,
      json: { code: 601, message: 'silenceID in path must be of type uuid: "x"' },
    });
  });

  it('are previewed: what they would silence, and whether that is much', async () => {
    const { ask } = await bed(NODE_DOWN, SLOW, FULL);
    const preview = (query: string) => ask({ method: 'GET', url: `/alertmanager/silences/preview${query}` });
    expect((await preview('?filter=alertname%3DFull')).json).toEqual({
      alerts: 3,
      silenced: 1,
      examples: [{ fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), labels: FULL.labels }],
    });
    expect((await preview('?filter=alertname%3D~.%2B')).json).toMatchObject({
      silenced: 3,
      warning: 'its regular expressions match any value: every alert that has the labels is silenced',
    });
    expect((await preview('')).status).toBe(400);
  });
});
