import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { writtenLabels } from '@vigie/rules/rule';
import { expect, it, onTestFinished } from 'vitest';
import type { EventHistory } from '../../src/history/event-history.ts';
import { eventLine } from '../../src/history/event-line.ts';
import type { HistoryEvent } from '../../src/history/history-event.ts';
import type { HistoryFs } from '../../src/history/history-files.ts';
import { openHistory } from '../../src/history/open-history.ts';

const NOW = Date.UTC(2026, 10, 29, 10);
/** A machine whose cores are all busy. */
const PATIENT = { timeout: 50_000 };
const LABELS = LabelSet.of({ alertname: 'Slow', text: 'a "b"\n\u2028' });
const EVENTS: readonly HistoryEvent[] = [
  { kind: 'created', timeMs: NOW, fingerprint: 'f1', labels: LABELS, annotations: writtenLabels({ a: 'b', z: '' }) },
  { kind: 'muted', timeMs: NOW + 1, fingerprint: 'f1', labels: LABELS, receiver: 'a', by: 'silence', cause: 'id' },
  {
    ...{ kind: 'failed', timeMs: NOW + 2, receiver: 'a', integration: 'a/webhook/0', groupKey: '{}:{}', attempt: 1 },
    ...{
      groupLabels: LABELS,
      reason: 'some alerts resolved',
      firing: ['f1'],
      resolved: [],
      latencyMs: 5,
      problem: 'x',
    },
  },
];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vigie-history-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function open(path: string, fs: Partial<HistoryFs> = {}, fileBytes?: number) {
  const clock = new FakeClock(NOW);
  const lines: string[] = [];
  const log = createLog('warn', { write: (line) => void lines.push(line) });
  const opened = await openHistory({
    ...{ folder: path, fs: { appendFile, readFile, rename, ...fs }, clock, log },
    ...(fileBytes === undefined ? {} : { fileBytes }),
  });
  return { ...opened, clock, lines };
}

function eventsOf(history: EventHistory): readonly HistoryEvent[] {
  const all = { kinds: undefined, matchers: [], fingerprint: undefined, receiver: undefined, limit: 1e9 };
  const { events } = history.query({ ...all, fromMs: -Infinity, toMs: Infinity, before: Infinity });
  return events.map(({ event }) => event).reverse();
}

function eventText(event: HistoryEvent): string {
  return eventLine(1, event);
}

it('is there again after a restart, as it was', async () => {
  const path = folder();
  const first = await open(path);
  const events: readonly HistoryEvent[] = [
    ...EVENTS,
    { kind: 'resolved', timeMs: NOW, fingerprint: 'f1', labels: LABELS, annotations: LABELS, reason: 'no_data' },
    { kind: 'resolved', timeMs: NOW, fingerprint: 'f2', labels: LABELS, annotations: LABELS, reason: 'manual' },
    {
      ...{
        kind: 'ended',
        timeMs: NOW,
        receiver: 'a',
        groupKey: '{}:{}',
        groupLabels: LABELS,
        by: 'ann',
        cause: 'scrapped',
      },
      firing: ['f2'],
    },
    {
      ...{
        kind: 'unsilenced',
        timeMs: NOW,
        silence: 'id',
        matchers: '{a="b\\n"}',
        by: 'ann',
        cause: 'somebody has ended it',
      },
      endsAtMs: NOW,
    },
  ];
  for (const event of events) first.record(event);
  await first.close();
  const second = await open(path);
  expect(eventsOf(second.history).at(-1)).toEqual(events.at(-1));
  expect(eventsOf(second.history).map(eventText)).toEqual(events.map(eventText));
  expect(second.lines).toEqual([]);
  for (const event of events) second.record(event);
  await second.close();
  expect(eventsOf((await open(path)).history)).toHaveLength(14);
});

it('is written within a second', async () => {
  const path = folder();
  const { record, clock, close } = await open(path);
  record(EVENTS[0]!);
  await clock.advance(1000);
  const file = join(path, 'history.ndjson');
  await expect.poll(() => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length : 0), PATIENT).toBe(3);
  await close();
});

it('loses the line that was torn or damaged, and no other', async () => {
  const path = folder();
  const file = join(path, 'history.ndjson');
  const first = await open(path);
  for (const event of EVENTS) first.record(event);
  await first.close();
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"kind":"muted"', '"kind":"Muted"').slice(0, -20));
  const second = await open(path);
  expect(eventsOf(second.history).map(({ kind }) => kind)).toEqual(['created']);
  expect(second.lines).toHaveLength(1);
  second.record(EVENTS[2]!);
  await second.close();
  expect(eventsOf((await open(path)).history).map(({ kind }) => kind)).toEqual(['created', 'failed']);
});

it('keeps two files of a bounded size', async () => {
  const path = folder();
  const { record, clock, close } = await open(
    path,
    { rename: async (a, b) => renameSync(a, b), appendFile: async (file, text) => appendFileSync(file, text) },
    2000,
  );
  for (let index = 0; index < 100; index++) {
    record({ ...EVENTS[0]!, timeMs: NOW + index });
    if (index % 5 === 4) await clock.advance(1000);
  }
  await close();
  const events = eventsOf((await open(path)).history);
  expect(events.at(-1)?.timeMs).toBe(NOW + 99);
  expect(events.length).toBeGreaterThan(10);
  for (const name of ['history.ndjson', 'history.old.ndjson'])
    expect(statSync(join(path, name)).size).toBeLessThan(4000);
});

it('goes on in memory while the disk is full, and counts what is not on it', async () => {
  const path = folder();
  let isFull = true;
  const { record, close, dropped, history, lines, clock } = await open(path, {
    appendFile: async (file, text) => {
      if (!isFull) return appendFile(file, text);
      appendFileSync(file, text.slice(0, 40));
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    },
  });
  record(EVENTS[0]!);
  await clock.advance(1000);
  isFull = false;
  record(EVENTS[1]!);
  await close();
  expect([history.size, dropped(), lines.length]).toEqual([2, 1, 1]);
  expect(eventsOf((await open(path)).history).map(({ kind }) => kind)).toEqual(['muted']);
});

it('leaves a file of another version aside', async () => {
  const path = folder();
  writeFileSync(join(path, 'history.ndjson'), 'vigie-alert-history 2\nxyz\n');
  const { record, close, history } = await open(path);
  expect(history.size).toBe(0);
  record(EVENTS[0]!);
  await close();
  expect(eventsOf((await open(path)).history)).toHaveLength(1);
  expect(readFileSync(join(path, 'history.old.ndjson'), 'utf8')).toContain('xyz');
});

it('has steps in files of their own, and all again in order', async () => {
  const path = folder();
  const first = await open(path);
  const group = { receiver: 'a', groupKey: '{}:{a="b"}', groupLabels: LabelSet.of({ a: 'b' }) };
  const [created, , failed] = EVENTS;
  const events: readonly HistoryEvent[] = [
    { kind: 'pending', timeMs: NOW - 2000, fingerprint: 'f1', labels: LABELS },
    { ...created!, startsAtMs: NOW - 1000, endsAtMs: Date.UTC(12_026, 0) } as HistoryEvent,
    { kind: 'grouped', timeMs: NOW, fingerprint: 'f1', labels: LABELS, ...group },
    {
      ...failed!,
      status: 503,
      bodySha256: '0a'.repeat(32),
      flushAtMs: NOW - 9,
      repeatIntervalMs: 60_000,
    } as HistoryEvent,
    {
      ...{
        kind: 'muted',
        timeMs: NOW + 2,
        fingerprint: 'f1',
        labels: LABELS,
        receiver: 'a',
        by: 'inhibition',
        cause: 'f2',
      },
      rule: { name: '', source: '{a="b"}', target: '{c=~"\\"d"}', equal: ['e'] },
    },
    {
      ...{ kind: 'silenced', timeMs: NOW + 3, silence: 'id', matchers: '{a="b"}', by: 'ann', cause: '' },
      ...{
        startsAtMs: NOW,
        endsAtMs: NOW + 9,
        isChange: true,
        annotations: writtenLabels({ z: '', vigie_until: 'resolved' }),
      },
    },
    { kind: 'lapsed', timeMs: NOW + 4, fingerprint: 'f2', labels: LABELS },
  ];
  for (const event of events) first.record(event);
  await first.close();
  const second = await open(path);
  expect(eventsOf(second.history)).toEqual(events);
  expect(second.lines).toEqual([]);
  const steps = readFileSync(join(path, 'history-steps.ndjson'), 'utf8');
  expect(steps.match(/"kind":"\w+"/g)).toEqual(['"kind":"pending"', '"kind":"grouped"', '"kind":"lapsed"']);
  expect(readFileSync(join(path, 'history.ndjson'), 'utf8')).not.toContain('pending');
});

it('is read as it was written before it had times of alerts, and what was sent', async () => {
  const path = folder();
  const lines = [
    '{"sequence":1,"time":"2026-11-29T10:00:00.000Z","kind":"created","fingerprint":"3fff2c2d7595e046","labels":{"foo":"bar"},"annotations":{}}',
    '{"sequence":2,"time":"2026-11-29T10:00:01.000Z","kind":"sent","receiver":"a","integration":"a/webhook/0","groupKey":"{}:{}","groupLabels":{},"reason":"first notification","firing":["3fff2c2d7595e046"],"resolved":[],"attempt":1,"latencyMs":5}',
    '{"sequence":3,"time":"2026-11-29T10:00:02.000Z","kind":"silenced","silence":"id","matchers":"{foo=\\"bar\\"}","by":"ann","cause":"","endsAt":"2026-11-29T11:00:00.000Z"}',
  ];
  const text = lines.map((line) => `${crc32(line).toString(16).padStart(8, '0')} ${line}\n`).join('');
  writeFileSync(join(path, 'history.ndjson'), `vigie-alert-history 1\n${text}`);
  const { history } = await open(path);
  expect(eventsOf(history).map((event, index) => eventLine(index + 1, event))).toEqual(
    text.split(/(?<=\n)/).filter((line) => line !== ''),
  );
});

it('leaves out steps where more come in a second than are written in one, and counts them apart', async () => {
  const path = folder();
  const { record, clock, close, dropped, leftOut, history } = await open(path);
  for (let index = 0; index < 10_000; index++)
    record({ kind: 'pending', timeMs: NOW, fingerprint: `f${index}`, labels: LABELS });
  record(EVENTS[2]!);
  expect(leftOut()).toBeGreaterThan(1000);
  expect(history.size).toBe(10_001 - leftOut());
  await clock.advance(1000);
  await close();
  expect(dropped()).toBe(0);
  const again = await open(path);
  expect(again.history.size).toBe(history.size);
  expect(eventsOf(again.history).at(-1)?.kind).toBe('failed');
});

it('has all on disk of a storm in which 10,000 alerts come at a time', async () => {
  const path = folder();
  const { record, clock, close, dropped } = await open(path);
  for (let index = 0; index < 10_000; index++) record({ ...EVENTS[0]!, timeMs: NOW + index });
  await clock.advance(1000);
  await close();
  expect(dropped()).toBe(0);
  expect((await open(path)).history.size).toBe(10_000);
});
