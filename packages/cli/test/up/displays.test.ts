import { FakeClock } from '@vigie/core/fake-clock';
import type { LedgerEntry } from '@vigie/log-pipeline/agent/ledger';
import type { TappedRecord } from '@vigie/log-pipeline/tap/tap';
import { beforeEach, describe, expect, it } from 'vitest';
import { plain } from '../../src/terminal/style.ts';
import type { DisplaySource } from '../../src/up/display.ts';
import { LiveScreen } from '../../src/up/live-screen.ts';
import { noteLog } from '../../src/up/note-log.ts';
import { Notes } from '../../src/up/notes.ts';
import { PlainLines } from '../../src/up/plain-lines.ts';
import { ledgerEntry, tappedRecord } from './entries.ts';

let clock: FakeClock;
let written: string;
let entries: LedgerEntry[];
let problems: string[];
let show: (record: TappedRecord) => void;
let source: DisplaySource;
const output = { columns: 60, rows: 12, write: (text: string) => (written += text) };

beforeEach(() => {
  clock = new FakeClock();
  written = '';
  entries = [ledgerEntry({ readRecords: 3, readBytes: 300, ackedRecords: 3, ackedBytes: 300 })];
  problems = [];
  source = {
    agent: {
      ledger: () => entries,
      tap: (listener) => {
        show = listener;
        return () => undefined;
      },
    },
    problems: () => problems,
    url: () => 'http://127.0.0.1:7070',
    route: 'demo workloads → out.ndjson',
  };
});

/** What a terminal shows in the end of what was written: each frame erases the footer before it. */
function shownLines(text: string): string[] {
  const lines: string[] = [];
  for (const frame of text.replaceAll('\x1b[?2026l', '').split('\x1b[?2026h').slice(1)) {
    const erase = frame.startsWith('\x1b[') ? frame.slice(0, frame.indexOf('\x1b[0J') + 4) : '';
    const up = Number.parseInt(erase.slice(2) || '0', 10);
    lines.splice(lines.length - up, up);
    lines.push(...frame.slice(erase.length).split('\n').slice(0, -1));
  }
  return lines;
}

describe('LiveScreen', () => {
  const open = (notes = new Notes()): LiveScreen => new LiveScreen(source, notes, { clock, output, paint: plain });

  it('keeps one footer below all records, and leaves it there at the end', async () => {
    const screen = open();
    screen.start();
    show(tappedRecord({ message: 'first' }));
    await clock.advance(1000);
    show(tappedRecord({ message: 'second' }));
    await clock.advance(250);
    screen.close();
    const lines = shownLines(written);
    expect(lines.slice(0, 2).map((line) => line.split('│ ')[1])).toEqual(['first', 'second']);
    expect(lines.filter((line) => line.startsWith('── vigie ── http://127.0.0.1:7070'))).toHaveLength(1);
    expect(lines.at(-1)).toBe('demo workloads → out.ndjson · Ctrl-C stops');
  });

  it('draws nothing any more once it is closed, and closes once', async () => {
    const screen = open();
    screen.start();
    screen.close();
    const atEnd = written;
    screen.close();
    await clock.advance(10_000);
    expect(written).toBe(atEnd);
    expect(clock.pendingTimers).toBe(0);
  });

  it('shows what the program has to say: in its frames, and by the line after the end', async () => {
    const notes = new Notes();
    const log = noteLog(notes).child({ sink: 'es' });
    const screen = open(notes);
    screen.start();
    log.warn('no answer', { delayMs: 100 });
    log.debug('never shown');
    await clock.advance(250);
    expect(shownLines(written)[0]).toBe('vigie: no answer sink=es delayMs=100');
    screen.close();
    written = '';
    log.error('not closed', { error: new Error('outer', { cause: new Error('inner') }) });
    expect(written).toBe('vigie: not closed sink=es error="outer: inner"\n');
  });

  it('tells why it never started', () => {
    const notes = new Notes();
    const screen = open(notes);
    noteLog(notes).error('stopped by an error', { error: new Error('port in use') });
    screen.close();
    expect(written).toBe('vigie: stopped by an error error="port in use"\n');
  });

  it('keeps a bounded number of notes between frames', async () => {
    const notes = new Notes();
    open(notes).start();
    for (let n = 0; n < 1000; n++) notes.add({ level: 'warn', text: String(n) });
    expect(notes.take()).toHaveLength(20);
  });
});

describe('PlainLines', () => {
  it('writes at most a record a second, the ledger every ten, and both for the last time at the end', async () => {
    const lines = new PlainLines(source, { clock, output, paint: plain });
    lines.start();
    for (let second = 0; second < 12; second++) {
      show(tappedRecord({ message: `shown ${second}` }));
      show(tappedRecord({ message: `left out ${second}` }));
      await clock.advance(1000);
    }
    problems = ['sink es: held'];
    lines.close();
    const kinds = written
      .trimEnd()
      .split('\n')
      .map((line) => /demo|shown \d+|left out|read 3 records|held/.exec(line)?.[0]);
    const shown = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, n) => `shown ${from + n}`);
    expect(kinds).toEqual(['demo', ...shown(0, 10), 'read 3 records', ...shown(10, 12), 'read 3 records', 'held']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('writes nothing when it never started', () => {
    new PlainLines(source, { clock, output, paint: plain }).close();
    expect(written).toBe('');
  });
});
