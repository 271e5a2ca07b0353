import { FakeClock } from '@vigie/core/fake-clock';
import { expect, it } from 'vitest';
import { JobIntervals } from '../../src/scrape/job-intervals.ts';
import { scrapeConfig } from './configs.ts';

function pool(jobName: string, intervalMs: number, labels: Readonly<Record<string, number>>) {
  return { config: scrapeConfig({ jobName, intervalMs }), jobIntervals: new Map(Object.entries(labels)) };
}

it('are those of the targets with a label, whatever their jobs are called', () => {
  const pools = [
    pool('serviceMonitor/shop/web/0', 15_000, { web: 15_000 }),
    pool('podMonitor/shop/web/0', 30_000, { web: 30_000, db: 20_000 }),
    pool('probe/shop/site', 300_000, {}),
  ];
  const clock = new FakeClock();
  const intervals = new JobIntervals(() => pools, clock);
  expect(['web', 'db', 'unknown'].map((job) => intervals.ofJob(job))).toEqual([30_000, 20_000, 300_000]);
  expect(intervals.longestMs).toBe(300_000);
});

it('are looked up again in some seconds, and not for each series', async () => {
  const clock = new FakeClock();
  let looks = 0;
  const intervals = new JobIntervals(() => {
    looks++;
    return [pool('a', 100_000 * looks, {})];
  }, clock);
  for (let series = 0; series < 100; series++) intervals.ofJob('a');
  expect([looks, intervals.longestMs]).toEqual([1, 100_000]);
  await clock.advance(5000);
  expect(intervals.longestMs).toBe(200_000);
});

it('are a minute for what is pushed, whether anything is scraped or not', () => {
  expect(new JobIntervals(() => [], new FakeClock()).longestMs).toBe(60_000);
  const scraping = new JobIntervals(() => [pool('a', 15_000, { a: 15_000 })], new FakeClock());
  expect([scraping.ofJob('a'), scraping.ofJob('shop/web'), scraping.longestMs]).toEqual([15_000, 60_000, 60_000]);
});
