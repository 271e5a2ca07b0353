import { FakeClock } from '@vigie/core/fake-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { LaneLedger } from '../../src/delivery/ledger.ts';
import { PartialBudget } from '../../src/framing/partials.ts';
import { LogCursor } from '../../src/lane/log-cursor.ts';
import type { Gap } from '../../src/lane/resume.ts';
import { Succession } from '../../src/lane/succession.ts';
import { type ContainerLog, type Generation, SEAL_AFTER_MS } from '../../src/tail/generation.ts';
import { containerLog, generationOf } from '../tail/generations.ts';

describe('the succession of generations', () => {
  let clock: FakeClock;
  let log: ContainerLog;
  let cursor: LogCursor;
  let ledger: LaneLedger;
  let gap: Gap;
  let succession: Succession;

  beforeEach(async () => {
    clock = new FakeClock();
    await clock.advance(100_000);
    log = containerLog();
    cursor = new LogCursor(log, 1000, new PartialBudget(1000), [], 0);
    ledger = new LaneLedger();
    gap = 'none';
    succession = following(false);
  });

  function following(once: boolean): Succession {
    return new Succession(clock, once, ledger, {
      begin: (of, generation) => of.begin(generation, 0),
      gapBetween: () => gap,
    });
  }

  function add(head: string, about: Partial<Generation> = {}): Generation {
    const generation = generationOf(log, head, about);
    log.generations.push(generation);
    return generation;
  }

  /** Reads all there is of what comes next. */
  function readNext(): Generation | string {
    const next = succession.next(cursor);
    if (next.status !== 'generation') return next.status;
    const { progress } = next;
    progress.readOffset = progress.generation.sizeBytes;
    cursor.lastRead = progress.generation;
    return progress.generation;
  }

  function open(generation: Generation): void {
    const hold = cursor.find(generation)?.hold(0);
    if (hold === undefined) throw new Error('it was not begun');
    cursor.partials.open(false, new Uint8Array(1), 0, hold, clock.monotonicMs());
  }

  it('is from the oldest to the newest, and nothing comes behind what is read', () => {
    const [oldest, newest] = [add('a'), add('b', { live: true })];
    expect([readNext(), readNext(), readNext()]).toEqual([oldest, newest, 'nothing']);
    newest.sizeBytes++;
    expect(readNext()).toBe(newest);
  });

  it('waits a moment for the writer of a file that was just rotated', async () => {
    const rotated = add('a', { grownAtMs: clock.monotonicMs() });
    const live = add('b', { live: true });
    expect(readNext()).toBe(rotated);
    const wait = succession.next(cursor);
    expect(wait.status).toBe('wait');
    await clock.advance(wait.status === 'wait' ? wait.untilMs - clock.monotonicMs() : 0);
    expect(readNext()).toBe(live);
  });

  it('passes by a line that has no end until the file grows, or will not any more', async () => {
    const rotated = add('a', { grownAtMs: clock.monotonicMs() });
    const live = add('b', { live: true });
    const progress = cursor.begin(rotated, 90);
    progress.stuckAtBytes = rotated.sizeBytes;
    expect(readNext()).toBe('wait');
    await clock.advance(1_000);
    expect(readNext()).toBe(live);
    await clock.advance(SEAL_AFTER_MS);
    expect(succession.next(cursor)).toEqual({ status: 'generation', progress, endsHere: true });
  });

  it('takes every last line for whole where everything is read once', () => {
    const live = add('a', { live: true });
    succession = following(true);
    expect(succession.next(cursor)).toMatchObject({ status: 'generation', endsHere: true });
    expect(readNext()).toBe(live);
    expect(readNext()).toBe('nothing');
  });

  it('counts what is gone unread once, and its open record has no end any more', () => {
    const gone = add('a');
    const live = add('b', { live: true });
    cursor.begin(gone, 60);
    open(gone);
    gone.gone = 'deleted';
    expect(readNext()).toBe(live);
    expect(readNext()).toBe('nothing');
    expect(Object.fromEntries(ledger.lostBytes)).toEqual({ deleted: 40 });
    expect(cursor.find(gone)?.abandoned).toBe(true);
    expect(cursor.partials.interrupted).toBe(false);
  });

  it('counts what a copy that was cut short lacks, once', () => {
    const cut = add('a', { cutFromBytes: 130 });
    expect(readNext()).toBe(cut);
    expect([readNext(), readNext()]).toEqual(['nothing', 'nothing']);
    expect(Object.fromEntries(ledger.lostBytes)).toEqual({ truncated: 30 });
  });

  it.each([
    ['none', true, undefined],
    ['unsure', false, undefined],
    ['certain', true, false],
  ] as const)('an open record goes on in the next generation, if the gap between them is %s', (is, heeded, stream) => {
    const [before, after] = [add('a'), add('b')];
    readNext();
    open(before);
    gap = is;
    expect(succession.heedGap(cursor, before)).toBe(true);
    expect(succession.heedGap(cursor, after)).toBe(heeded);
    expect(cursor.partials.interrupted).toBe(stream);
  });
});
