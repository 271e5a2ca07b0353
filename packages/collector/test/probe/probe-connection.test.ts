import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { dial } from '../../src/probe/probe-connection.ts';
import { listen } from './line-servers.ts';

describe('the connections of a probe', () => {
  it('end with it, and are one listener of its end, however many there are', async () => {
    const probe = new AbortController();
    const port = await listen(() => undefined);
    const endpoint = { address: '127.0.0.1', port };
    const sockets = await Promise.all(Array.from({ length: 12 }, () => dial(endpoint, probe.signal)));
    expect(getEventListeners(probe.signal, 'abort')).toHaveLength(1);
    probe.abort(new Error('the probe is over'));
    expect(sockets.map(({ errored }) => errored)).toEqual(sockets.map(() => probe.signal.reason));
  });
});
