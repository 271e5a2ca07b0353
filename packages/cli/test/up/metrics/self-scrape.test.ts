import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { Matcher } from '@vigie/promql/labels/matcher';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { openHeadStorage } from '@vigie/tsdb/script-storage';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import { beforeEach, describe, expect, it } from 'vitest';
import { SelfScrape } from '../../../src/up/metrics/self-scrape.ts';

const INSTANCE = '127.0.0.1:7070';
const { signal } = new AbortController();

let clock: FakeClock;
let body: () => string;
let storage: Awaited<ReturnType<typeof openHeadStorage>>;
let scrape: SelfScrape;
let logged: Record<string, unknown>[];

beforeEach(async () => {
  clock = new FakeClock(1_000_000);
  body = () => '';
  storage = await openHeadStorage();
  logged = [];
  const log = createLog('info', { write: (line) => logged.push(JSON.parse(line)) });
  const { head } = storage;
  const tsdb: Pick<Tsdb, 'append' | 'getOrCreate' | 'setMetadata'> = {
    getOrCreate: (labels) => head.getOrCreate(labels),
    append: async (columns) => ({ ...head.append(columns), isLogged: true }),
    setMetadata: (metadata) => head.setMetadata(metadata),
  };
  scrape = new SelfScrape({ instance: INSTANCE, expose: async () => ({ body: body() }) }, { tsdb, clock, log });
});

/** `t=value` of each sample, seconds since the start of the test, by series. */
async function recorded(name: string): Promise<Record<string, string>> {
  const { series } = await storage.querier.select(
    {
      matchers: [new Matcher('__name__', '=', name)],
      range: { fromMs: 0, toMs: 1e12 },
      hints: { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false },
    },
    signal,
  );
  const columns = new SampleColumns();
  return Object.fromEntries(
    series.map((one) => {
      columns.clear();
      one.read({ fromMs: 0, toMs: 1e12 }, columns);
      const samples = Array.from({ length: columns.length }, (_, at) => {
        const seconds = ((columns.timestampsMs[at] ?? 0) - 1_000_000) / 1000;
        return `${seconds}=${columns.isStale(at) ? 'stale' : columns.values[at]}`;
      });
      const { __name__: _, ...labels } = one.labels.toJSON();
      return [JSON.stringify(labels), samples.join(' ')];
    }),
  );
}

const TARGET = JSON.stringify({ instance: INSTANCE, job: 'vigie' });

describe('SelfScrape', () => {
  it('records at once, soon after, and then every 15 s, with what a scrape tells of itself', async () => {
    let reads = 0;
    body = () => `# TYPE reads counter\nreads ${++reads}\n`;
    await scrape.start();
    await clock.advance(40_000);
    await scrape.close();
    await clock.advance(60_000);
    expect(await recorded('reads')).toEqual({ [TARGET]: '0=1 2=2 17=3 32=4' });
    expect(await recorded('up')).toEqual({ [TARGET]: '0=1 2=1 17=1 32=1' });
    expect(await recorded('scrape_series_added')).toEqual({ [TARGET]: '0=1 2=0 17=0 32=0' });
    for (const name of ['scrape_samples_scraped', 'scrape_samples_post_metric_relabeling']) {
      expect(await recorded(name)).toEqual({ [TARGET]: '0=1 2=1 17=1 32=1' });
    }
    expect(Object.values(await recorded('scrape_duration_seconds'))).toEqual(['0=0 2=0 17=0 32=0']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends the series that are gone, and goes on with those that come back', async () => {
    body = () => 'lanes{sink="a"} 1\nlanes{sink="b"} 1\n';
    await scrape.start();
    body = () => 'lanes{sink="a"} 2\nlanes{sink="c"} 2\n';
    await clock.advance(2000);
    body = () => 'lanes{sink="b"} 3\n';
    await clock.advance(15_000);
    const labels = (sink: string): string => JSON.stringify({ instance: INSTANCE, job: 'vigie', sink });
    expect(await recorded('lanes')).toEqual({
      [labels('a')]: '0=1 2=2 17=stale',
      [labels('b')]: '0=1 2=stale 17=3',
      [labels('c')]: '2=2 17=stale',
    });
  });

  it('records a failure as up 0 and the end of every series, says so, and recovers', async () => {
    body = () => 'reads 1\n';
    await scrape.start();
    body = () => 'reads 2\nthis is no exposition\n';
    await clock.advance(2000);
    body = () => 'reads 3\n';
    await clock.advance(15_000);
    expect(await recorded('reads')).toEqual({ [TARGET]: '0=1 2=stale 17=3' });
    expect(await recorded('up')).toEqual({ [TARGET]: '0=1 2=0 17=1' });
    expect(logged).toMatchObject([{ level: 'error', error: expect.stringContaining('(line 2)') }]);
  });

  it('keeps labels of its own that are called as those of the target', async () => {
    body = () => 'rules{job="mine"} 1\n';
    await scrape.start();
    const labels = JSON.stringify({ exported_job: 'mine', instance: INSTANCE, job: 'vigie' });
    expect(await recorded('rules')).toEqual({ [labels]: '0=1' });
  });

  it('remembers type and help', async () => {
    body = () => '# HELP reads How many.\n# TYPE reads counter\nreads 1\n';
    await scrape.start();
    const query = { metric: undefined, limit: undefined, limitPerMetric: undefined };
    expect(await storage.querier.metadata(query, signal)).toEqual([
      { metric: 'reads', type: 'counter', help: 'How many.', unit: '' },
    ]);
  });
});
