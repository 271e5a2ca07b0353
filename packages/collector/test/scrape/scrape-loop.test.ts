import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { beforeEach, describe, expect, it } from 'vitest';
import { AppendRows } from '../../src/scrape/append-rows.ts';
import { JobCounts } from '../../src/scrape/job-counts.ts';
import { MetadataPool } from '../../src/scrape/metadata-pool.ts';
import { ScrapeError } from '../../src/scrape/scrape-error.ts';
import { ScrapeLoop, type ScrapeLoopOptions } from '../../src/scrape/scrape-loop.ts';
import { Target } from '../../src/scrape/target.ts';
import { targetLabels } from '../../src/scrape/target-labels.ts';
import { TargetSamples } from '../../src/scrape/target-samples.ts';
import { scrapeConfig } from './configs.ts';
import { type RecordingStore, recordingStore } from './recorded.ts';

const START_MS = 1_700_000_000_000;

/** The host's clock can be set, and a timer can come late. */
class SettableClock extends FakeClock {
  stepMs = 0;
  lateMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.stepMs;
  }

  override setTimer(delayMs: number, fire: () => void) {
    return super.setTimer(delayMs + this.lateMs, fire);
  }
}

let clock: SettableClock;
let store: RecordingStore;
let counts: JobCounts;
let shutdown: AbortController;
let scrapes: number;
let delays: number[];
let answer: (signal: AbortSignal) => Promise<string>;
beforeEach(() => {
  clock = new SettableClock(START_MS);
  store = recordingStore(START_MS, () => clock.nowMs());
  counts = new JobCounts();
  shutdown = new AbortController();
  scrapes = 0;
  delays = [];
  answer = async () => `reads ${++scrapes}\n`;
});

function loop(options: Partial<ScrapeLoopOptions> = {}): ScrapeLoop {
  const config = scrapeConfig();
  const found = { __address__: 'a:1' };
  const labels = targetLabels(config, found, {});
  if (labels.kind !== 'active') throw new Error(labels.kind);
  const target = new Target(labels.labels, { config, target: found, group: {} });
  const sampleDeps = { store, rows: new AppendRows(), metadata: new MetadataPool() };
  const samples = new TargetSamples(target.publicLabels, config, target.timeoutMs, sampleDeps);
  return new ScrapeLoop(
    target,
    samples,
    { offsetMs: () => 4000, earlyMs: [], ...options },
    {
      fetch: async (_target, signal) => ({ body: Buffer.from(await answer(signal)), contentType: 'text/plain' }),
      counts,
      observer: { startDelay: (seconds) => delays.push(seconds), duration: () => undefined },
      tracing: undefined,
      clock,
      log: createLog('error'),
      shutdown: shutdown.signal,
    },
  );
}

const LABELS = JSON.stringify(LabelSet.of({ instance: 'a:1', job: 'shop' }));
const samplesOf = async (name: string): Promise<string | undefined> => (await store.recorded(name))[LABELS];

describe('ScrapeLoop', () => {
  it('scrapes at its place in the interval, and tells how the last scrape went', async () => {
    const running = loop();
    running.start();
    expect(running.target.health).toBe('unknown');
    await clock.advance(40_000);
    expect(await samplesOf('reads')).toBe('4=1 19=2 34=3');
    expect(running.target).toMatchObject({
      health: 'up',
      lastScrape: { startedMs: START_MS + 34_000, durationMs: 0, error: undefined },
    });
    answer = async () => {
      throw new ScrapeError('http_status', 'server returned HTTP status 503 Service Unavailable');
    };
    await clock.advance(15_000);
    expect(running.target).toMatchObject({ health: 'down', lastScrape: { error: expect.stringContaining('503') } });
    expect(await samplesOf('reads')).toBe('4=1 19=2 34=3 49=stale');
    expect(counts).toMatchObject({ scrapes: 4, missed: 0, failures: { http_status: 1 } });
  });

  it('scrapes early where it should, unless the place in the interval comes as soon', async () => {
    loop({ earlyMs: [300, 3500] }).start();
    await clock.advance(20_000);
    expect(await samplesOf('reads')).toBe('0.3=1 4=2 19=3');
  });

  it('tries again before its place in the interval when it is asked to, unless all went well or the place is as near', async () => {
    const fails = async (): Promise<string> => {
      throw new ScrapeError('connection', 'connection refused');
    };
    answer = fails;
    const running = loop();
    running.start();
    await clock.advance(5_000);
    answer = async () => 'reads 1\n';
    running.retrySoon(700);
    running.retrySoon(100);
    await clock.advance(15_000);
    expect(await samplesOf('up')).toBe('4=0 5.7=1 19=1');
    running.retrySoon(700);
    answer = fails;
    await clock.advance(15_000);
    expect(await samplesOf('up')).toBe('4=0 5.7=1 19=1 34=0');
    running.retrySoon(13_500);
    await clock.advance(15_000);
    expect(await samplesOf('up')).toBe('4=0 5.7=1 19=1 34=0 49=0');
    expect(counts.missed).toBe(0);
  });

  it('gives samples the time that they should have when a timer comes a little late, else the time that it is', async () => {
    clock.lateMs = 1.5;
    loop().start();
    await clock.advance(20_000);
    clock.lateMs = 30;
    await clock.advance(30_000);
    expect(await samplesOf('up')).toMatch(/^4=1 19=1 34(\.00\d)?=1 49\.03=1$/);
    expect(delays.map((seconds) => Math.round(seconds * 1e4) / 1e4)).toEqual([0.0015, 0.0015, 0.0015, 0.03]);
  });

  it('leaves out scrapes that the one before takes the time of, and stays at its place', async () => {
    answer = () => clock.sleep(17_000).then(() => 'reads 1\n');
    loop().start();
    await clock.advance(60_000);
    expect(await samplesOf('up')).toBe('4=1 34=1');
    expect(counts.missed).toBe(2);
  });

  it('goes on when the clock is set', async () => {
    loop().start();
    await clock.advance(20_000);
    clock.stepMs = 3_600_000;
    await clock.advance(30_000);
    expect(await samplesOf('up')).toBe('4=1 19=1 3634=1 3649=1');
    clock.stepMs = 3_599_000;
    await clock.advance(15_000);
    expect(await samplesOf('up')).toBe('4=1 19=1 3634=1 3649=1 3663=1');
  });

  it('ends no series that another loop goes on with, and all others after two intervals', async () => {
    const old = loop();
    old.start();
    await clock.advance(5_000);
    answer = async () => 'writes 1\n';
    const gone = old.retire(false);
    await clock.advance(29_000);
    expect(await samplesOf('reads')).toBe('4=1');
    const next = loop({ offsetMs: () => 0 });
    next.start();
    await clock.advance(10_000);
    await gone;
    expect(await samplesOf('reads')).toBe('4=1 19=stale');
    expect(await samplesOf('up')).toBe('4=1 34=1');
  });

  it('ends the series of what cannot come back at once, in the middle of a scrape too', async () => {
    const running = loop();
    running.start();
    await clock.advance(5_000);
    answer = (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await clock.advance(15_000);
    await running.retire(true);
    expect(await samplesOf('reads')).toBe('4=1 20=stale');
    expect(await samplesOf('up')).toBe('4=1 20=stale');
  });

  it('writes nothing any more when the collector ends: the next one goes on with the series', async () => {
    const running = loop();
    running.start();
    await clock.advance(5_000);
    shutdown.abort(new Error('the end'));
    await running.retire(true);
    expect(await samplesOf('reads')).toBe('4=1');
    expect(clock.pendingTimers).toBe(0);
  });

  it('fails every scrape with what it is told to', async () => {
    const running = loop();
    running.forcedFailure = new ScrapeError('target_limit', 'target_limit exceeded (number of targets: 2, limit: 1)');
    running.start();
    await clock.advance(5_000);
    expect(await samplesOf('up')).toBe('4=0');
    expect(scrapes).toBe(0);
    await running.stop();
  });
});
