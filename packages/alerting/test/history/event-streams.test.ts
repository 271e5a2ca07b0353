/** `GET /history/stream` over real connections. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { fastify } from 'fastify';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EventHistory } from '../../src/history/event-history.ts';
import type { HistoryEvent } from '../../src/history/history-event.ts';
import { historyApi } from '../../src/history/history-plugin.ts';

const PATIENT = { timeout: 50_000, interval: 5 };

function created(name: string): HistoryEvent {
  const labels = LabelSet.of({ alertname: name });
  return { kind: 'created', timeMs: 0, fingerprint: name, labels, annotations: LabelSet.empty };
}

interface Reading {
  readonly status: number;
  readonly contentType: string;
  readonly text: () => string;
  readonly ended: Promise<void>;
  readonly leave: () => void;
}

async function bed(history = new EventHistory()) {
  const clock = new FakeClock(36 ** 3);
  const app = fastify();
  await app.register(historyApi(history, clock, () => 'one'));
  await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const read = (query = '', headers: Readonly<Record<string, string>> = {}): Promise<Reading> =>
    new Promise((resolve, reject) => {
      const request = http.get({ port, path: `/history/stream${query}`, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        const ended = new Promise<void>((end) => response.once('close', end));
        const { statusCode: status = 0 } = response;
        const contentType = response.headers['content-type'] ?? '';
        resolve({ status, contentType, text: () => text, ended, leave: () => request.destroy() });
      });
      request.once('error', reject);
    });
  return { history, clock, app, read };
}

const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/"fingerprint":"(\w+)"/g)].map(([, name = '']) => name);

describe('GET /history/stream', () => {
  it('tells of events as they happen, of those that are asked for, and stays open', async () => {
    const { history, read, clock } = await bed();
    history.record(created('before'));
    const stream = await read('?filter=alertname!=B&kind=created');
    expect([stream.status, stream.contentType]).toEqual([200, 'text/event-stream']);
    for (const name of ['A', 'B', 'C']) history.record(created(name));
    await vi.waitFor(() => expect(namesIn(stream.text())).toEqual(['A', 'C']), PATIENT);
    expect(stream.text()).toContain(
      'id: 1000-2\ndata: {"sequence":2,"time":"1970-01-01T00:00:00.000Z","kind":"created"',
    );
    const { length } = stream.text();
    await clock.advance(15_000);
    await vi.waitFor(() => expect(stream.text().slice(length)).toBe(': \n\n'), PATIENT);
  });

  it('goes on where the reader was cut off', async () => {
    const { history, read } = await bed();
    for (const name of ['A', 'B', 'C']) history.record(created(name));
    const stream = await read('', { 'last-event-id': '1000-1' });
    history.record(created('D'));
    await vi.waitFor(() => expect(namesIn(stream.text())).toEqual(['B', 'C', 'D']), PATIENT);
  });

  it.each([
    ['of another run', '1001-1'],
    ['that have gone', '1000-1'],
    ['that are none', 'x'],
  ])('says that it cannot go on behind events %s', async (_which, id) => {
    const { history, read } = await bed(new EventHistory({ events: 2, length: 1000 }));
    for (const name of ['A', 'B', 'C', 'D']) history.record(created(name));
    const stream = await read('', { 'last-event-id': id });
    history.record(created('E'));
    await vi.waitFor(() => expect(namesIn(stream.text())).toEqual(['E']), PATIENT);
    expect(stream.text()).toMatch(/^event: reset\ndata: \{\}\n\n/);
  });

  it('refuses what it does not understand, and more readers than there may be', async () => {
    const { read } = await bed();
    expect((await read('?kind=nothing')).status).toBe(400);
    const streams = await Promise.all(Array.from({ length: 100 }, () => read()));
    expect((await read()).status).toBe(503);
    streams[0]?.leave();
    await vi.waitFor(async () => expect((await read()).status).toBe(200), PATIENT);
  });

  it('ends with the service', async () => {
    const { app, read } = await bed();
    const stream = await read();
    await app.close();
    await stream.ended;
  });
});
