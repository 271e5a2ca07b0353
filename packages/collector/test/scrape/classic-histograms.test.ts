import { LabelSet } from '@vigie/promql/labels/label-set';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ScrapeConfig } from '../../src/config/collector-config.ts';
import { rule } from '../relabel/rules.ts';
import { TARGET } from './configs.ts';
import { series, TargetBed } from './target-bed.ts';

let bed: TargetBed;
beforeEach(() => {
  bed = new TargetBed();
});

/** Scrapes a target whose histograms are converted. */
const converting = (config: Partial<ScrapeConfig> = {}) =>
  bed.target({ convertsClassicHistograms: true, ...config }).scrape;

/** A third of n observations in each bucket. */
function wait(n: number, labels = ''): string {
  return [
    `wait_bucket{${labels}le="0.1"} ${n / 3}`,
    `wait_bucket{${labels}le="1"} ${(2 * n) / 3}`,
    `wait_bucket{${labels}le="+Inf"} ${n}`,
    `wait_sum{${labels}} ${n / 2}`,
    `wait_count{${labels}} ${n}`,
    '',
  ].join('\n');
}

const TYPE = '# TYPE wait histogram\n';

describe('a classic histogram', () => {
  it('is kept as one native series, which ends with it', async () => {
    const scrape = converting();
    expect(scrape(`${TYPE}${wait(3, 'path="/",')}reads 1\n`)).toBeUndefined();
    expect(scrape(`${TYPE}${wait(6, 'path="/",')}reads 2\n`)).toBeUndefined();
    scrape('reads 3\n');
    scrape(`${TYPE}${wait(9, 'path="/",')}reads 4\n`);
    expect(await bed.store.recorded('wait')).toEqual({
      [series({ path: '/' })]: '0=count:3 15=count:6 30=stale 45=count:9',
    });
    expect(await bed.report('reads')).toBe('0=1 15=2 30=3 45=4');
    for (const part of ['wait_bucket', 'wait_sum', 'wait_count']) expect(await bed.store.recorded(part)).toEqual({});
    expect(await bed.report('scrape_samples_scraped')).toBe('0=2 15=2 30=1 45=2');
    expect(await bed.report('scrape_series_added')).toBe('0=2 15=0 30=0 45=1');
  });

  it('has its buckets, and what goes with them', async () => {
    converting()(`${TYPE}${wait(3)}`);
    const ref = bed.store.head.getOrCreate(LabelSet.of({ ...TARGET.toJSON(), __name__: 'wait' }));
    if (typeof ref === 'string') throw new Error(ref);
    const slot = bed.store.head.table.resolve(ref);
    expect(bed.store.head.store.tails.newest(slot)).toMatchObject({
      schema: -53,
      customValues: [0.1, 1],
      positiveBuckets: [1, 1, 1],
      count: 3,
      sum: 1.5,
    });
  });

  it('is kept in both ways where that is asked for', async () => {
    const scrape = converting({ alwaysScrapeClassicHistograms: true });
    scrape(`${TYPE}${wait(3)}`);
    scrape(`${TYPE}${wait(6)}`);
    scrape('reads 1\n');
    expect(await bed.store.recorded('wait')).toEqual({ [series()]: '0=count:3 15=count:6 30=stale' });
    expect(await bed.store.recorded('wait_count')).toEqual({ [series()]: '0=3 15=6 30=stale' });
    expect(Object.keys(await bed.store.recorded('wait_bucket'))).toHaveLength(3);
  });

  it('that is none is counted, and leaves a gap', async () => {
    const scrape = converting();
    scrape(`${TYPE}${wait(3)}`);
    scrape(`${TYPE}${wait(6).replace('le="0.1"} 2', 'le="0.1"} 5')}`);
    scrape(`${TYPE}${wait(9)}`);
    expect(await bed.store.recorded('wait')).toEqual({ [series()]: '0=count:3 30=count:9' });
    expect(bed.counts.refused).toEqual(new Map([['bad_histogram', 1]]));
  });

  it('is what the target says is one, and nothing else', async () => {
    const scrape = converting();
    scrape(`${wait(3)}# TYPE lag histogram\nlag_bucket{le="+Inf"} 1\nlag_count 1\nlag_sum 1\nother_count 5\n`);
    expect(await bed.store.recorded('wait')).toEqual({});
    expect(await bed.report('wait_count')).toBe('0=3');
    expect(await bed.report('other_count')).toBe('0=5');
    expect(await bed.report('lag')).toBe('0=count:1');
  });

  it('goes on after a scrape that failed, and in another format', async () => {
    const scrape = converting();
    scrape(`${TYPE}${wait(3)}`);
    expect(scrape(`${TYPE}${wait(6)}${wait(6, 'path="/",')}this is none\n`)).toContain('(line 12)');
    scrape(`${TYPE}${wait(9)}`);
    scrape(`${TYPE}${wait(12)}# EOF\n`, 'application/openmetrics-text; version=1.0.0');
    expect(await bed.store.recorded('wait')).toEqual({ [series()]: '0=count:3 15=stale 30=count:9 45=count:12' });
    expect(await bed.report('scrape_series_added')).toBe('0=1 15=0 30=0 45=0');
  });

  it('is relabeled as a whole', async () => {
    const drop = rule({ action: 'drop', sourceLabels: ['__name__'], regex: 'wait' });
    const scrape = converting({ metricRelabel: [drop] });
    scrape(`${TYPE}${wait(3)}reads 1\n`);
    expect(await bed.store.recorded('wait')).toEqual({});
    expect(await bed.report('scrape_samples_scraped')).toBe('0=2');
    expect(await bed.report('scrape_samples_post_metric_relabeling')).toBe('0=1');
  });

  it('brings its exemplars along', () => {
    const scrape = converting();
    const body = wait(3).replace('le="0.1"} 1', 'le="0.1"} 1 # {trace_id="abc"} 0.05 1700000000');
    scrape(`${TYPE}${body}# EOF\n`, 'application/openmetrics-text; version=1.0.0');
    expect(bed.store.head.exemplars.count).toBe(1);
  });
});
