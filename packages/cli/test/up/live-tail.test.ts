import type { LedgerEntry } from '@vigie/log-pipeline/agent/ledger';
import type { TappedRecord } from '@vigie/log-pipeline/tap/tap';
import { expect, it } from 'vitest';
import { LiveTail } from '../../src/up/live-tail.ts';
import { ledgerEntry, tappedRecord } from './entries.ts';

class FakeAgent {
  entries: LedgerEntry[] = [];
  listener: ((record: TappedRecord) => void) | undefined;
  recordsPerSecond = 0;

  ledger(): readonly LedgerEntry[] {
    return this.entries;
  }

  tap(listener: (record: TappedRecord) => void, recordsPerSecond: number): () => void {
    this.listener = listener;
    this.recordsPerSecond = recordsPerSecond;
    return () => {
      this.listener = undefined;
    };
  }
}

it('gives each record once, in order, until it is stopped', () => {
  const agent = new FakeAgent();
  const tail = new LiveTail(agent, 10);
  tail.start();
  for (const message of ['a', 'b']) agent.listener?.(tappedRecord({ message }));
  expect(tail.takeRecords().map(({ message }) => message)).toEqual(['a', 'b']);
  expect(tail.takeRecords()).toEqual([]);
  tail.stop();
  expect(agent.listener).toBeUndefined();
});

it('keeps no more than a second of records while nobody takes them', () => {
  const agent = new FakeAgent();
  const tail = new LiveTail(agent, 3);
  tail.start();
  for (let n = 0; n < 50; n++) agent.listener?.(tappedRecord({ message: String(n) }));
  expect(agent.recordsPerSecond).toBe(3);
  expect(tail.takeRecords().map(({ message }) => message)).toEqual(['0', '1', '2']);
});

it('tells the rate over the last five seconds, each source once however many sinks read it', () => {
  const agent = new FakeAgent();
  const tail = new LiveTail(agent, 1);
  const lookAt = (second: number): number => {
    agent.entries = [
      ledgerEntry({ source: 'pods', sink: 'a', readRecords: second * 100 }),
      ledgerEntry({ source: 'pods', sink: 'b', readRecords: second * 90 }),
      ledgerEntry({ source: 'system', sink: 'a', readRecords: second * 10 }),
    ];
    return tail.look(second * 1000).recordsPerSecond;
  };
  expect([0, 1, 2, 10].map(lookAt)).toEqual([0, 110, 110, 0]);
  expect(lookAt(11)).toBe(110);
});
