import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DEFAULT_HTTP_CLIENT } from '../../src/config/http-client-config.ts';
import { FakeClock } from '../../src/fake-clock.ts';
import { HttpClient } from '../../src/http-client/http-client.ts';
import { readBody } from '../../src/http-client/read-body.ts';
import { serve } from '../server.ts';

function client(): HttpClient {
  const made = new HttpClient(DEFAULT_HTTP_CLIENT, { clock: new FakeClock(), env: {}, userAgent: 'vigie/1.2.3' });
  onTestFinished(() => made.close());
  return made;
}

describe('requests under one signal', () => {
  it('end with it for its reason, and are one listener of it, however many there are', async () => {
    const caller = new AbortController();
    const { url } = await serve(() => undefined);
    const asking = client();
    const asked = Array.from({ length: 30 }, () => asking.open({ url: new URL(url) }, caller.signal));
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
    const enough = new Error('enough');
    caller.abort(enough);
    const reasons = await Promise.all(asked.map((one) => one.catch((error: unknown) => error)));
    expect(new Set(reasons)).toEqual(new Set([enough]));
    await expect(asking.open({ url: new URL(url) }, caller.signal)).rejects.toBe(enough);
  });

  it('break off with it in the middle of a body', async () => {
    const caller = new AbortController();
    const { url } = await serve((_incoming, outgoing) => outgoing.write('half of'));
    const response = await client().open({ url: new URL(url) }, caller.signal);
    const read = readBody(response, 1000);
    caller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('aborted');
  });

  it('hear it no more when they are answered', async () => {
    const { signal } = new AbortController();
    const { url } = await serve((_incoming, outgoing) => outgoing.end('all of it'));
    const response = await client().open({ url: new URL(url) }, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await readBody(response, 1000);
    await vi.waitFor(() => expect(getEventListeners(signal, 'abort')).toEqual([]));
  });
});
