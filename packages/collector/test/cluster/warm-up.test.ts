import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WarmUp, type WarmUpDeps } from '../../src/cluster/warm-up.ts';

class Bed {
  readonly clock = new FakeClock();
  readonly warmUp: WarmUp;
  readonly #objects = deferred();
  readonly #scrapes = deferred();

  constructor(recordedAgoMs = Number.POSITIVE_INFINITY, changes: Partial<WarmUpDeps> = {}) {
    const { clock } = this;
    const samples = { firstScrapes: () => this.#scrapes.promise, recordedMs: clock.nowMs() - recordedAgoMs };
    this.warmUp = new WarmUp({ samples, intervalMs: 15_000, clock, ...changes });
    const ending = new AbortController();
    onTestFinished(() => ending.abort(new Error('the test is over')));
    this.warmUp.start(this.#objects.promise, ending.signal);
  }

  get problem(): string | undefined {
    return this.warmUp.check().problem;
  }

  async objectsKnown(): Promise<void> {
    this.#objects.resolve();
    await this.clock.advance(0);
  }

  async scraped(): Promise<void> {
    this.#scrapes.resolve();
    await this.clock.advance(0);
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('a collector that has begun', () => {
  it('answers HPAs when it knows pods and has scraped its targets twice', async () => {
    const bed = new Bed();
    expect(bed.problem).toBe('pods and nodes are not known yet');
    await bed.objectsKnown();
    expect(bed.problem).toBe('targets are scraped for the first time');
    await bed.scraped();
    expect(bed.problem).toBe('rates need a second sample');
    await bed.clock.advance(15_000);
    expect(bed.problem).toBeUndefined();
    await bed.clock.advance(600_000);
    expect(bed.problem).toBeUndefined();
  });

  it('answers them at once with what the one before has left', async () => {
    const bed = new Bed(20_000);
    expect(bed.problem).toBe('pods and nodes are not known yet');
    await bed.objectsKnown();
    expect(bed.problem).toBeUndefined();
  });

  it('scrapes first where that is too old', async () => {
    const bed = new Bed(31_000);
    await bed.objectsKnown();
    expect(bed.problem).toBe('targets are scraped for the first time');
  });

  it('waits for no samples that another server has', async () => {
    const bed = new Bed(0, { samples: undefined });
    await bed.objectsKnown();
    expect(bed.problem).toBeUndefined();
  });

  it.each(['pods', 'a target'])('does not wait longer than a minute for %s', async (what) => {
    const bed = new Bed();
    if (what !== 'pods') await bed.objectsKnown();
    await bed.clock.advance(59_999);
    expect(bed.problem).toBeDefined();
    await bed.clock.advance(1);
    expect(bed.problem).toBeUndefined();
    await bed.objectsKnown();
    await bed.scraped();
    expect(bed.problem).toBeUndefined();
  });
});
