import { LabelSet } from '@vigie/promql/labels/label-set';
import { encodeFamily } from '@vigie/wire/exposition/protobuf-writer';
import type { NativeHistogram } from '@vigie/wire/native-histogram';
import { beforeEach, describe, expect, it } from 'vitest';
import { ScrapeError } from '../../src/scrape/scrape-error.ts';
import { rule } from '../relabel/rules.ts';
import { scrapeConfig, TARGET } from './configs.ts';
import { START_MS, series, TargetBed } from './target-bed.ts';

const FAILED = new ScrapeError('connection', 'connect ECONNREFUSED 127.0.0.1:1');

let bed: TargetBed;
beforeEach(() => {
  bed = new TargetBed();
});

describe('TargetSamples', () => {
  it('records samples with the labels of the target, and what the scrape tells of itself', async () => {
    const { scrape } = bed.target();
    expect(scrape('reads 1\nlanes{sink="a"} 2\n')).toBeUndefined();
    expect(scrape('reads 3\nlanes{sink="a"} 4\n')).toBeUndefined();
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1 15=3' });
    expect(await bed.store.recorded('lanes')).toEqual({ [series({ sink: 'a' })]: '0=2 15=4' });
    expect(await bed.report('up')).toBe('0=1 15=1');
    expect(await bed.report('scrape_duration_seconds')).toBe('0=0.25 15=0.25');
    expect(await bed.report('scrape_samples_scraped')).toBe('0=2 15=2');
    expect(await bed.report('scrape_samples_post_metric_relabeling')).toBe('0=2 15=2');
    expect(await bed.report('scrape_series_added')).toBe('0=2 15=0');
    expect(await bed.store.recorded('scrape_timeout_seconds')).toEqual({});
  });

  it('tells more of itself where that is asked for', async () => {
    const { scrape } = bed.target({ extraScrapeMetrics: true, limits: { ...scrapeConfig().limits, samples: 5 } });
    scrape('reads 1\n');
    scrape(new ScrapeError('body_size_limit', 'body size limit exceeded'));
    scrape(FAILED);
    expect(await bed.report('scrape_timeout_seconds')).toBe('0=10 15=10 30=10');
    expect(await bed.report('scrape_sample_limit')).toBe('0=5 15=5 30=5');
    expect(await bed.report('scrape_body_size_bytes')).toBe('0=8 15=-1 30=0');
  });

  it('ends series that are gone, once, and goes on with those that come back', async () => {
    const { scrape } = bed.target();
    scrape('lanes{sink="a"} 1\nlanes{sink="b"} 1\n');
    scrape('lanes{sink="a"} 2\nlanes{sink="c"} 2\n');
    scrape('lanes{sink="b"} 3\n');
    scrape('lanes{sink="b"} 4\n');
    expect(await bed.store.recorded('lanes')).toEqual({
      [series({ sink: 'a' })]: '0=1 15=2 30=stale',
      [series({ sink: 'b' })]: '0=1 15=stale 30=3 45=4',
      [series({ sink: 'c' })]: '15=2 30=stale',
    });
  });

  it.each([
    ['cannot be made', FAILED, 'connect ECONNREFUSED 127.0.0.1:1'],
    ['is no exposition', 'reads 2\nthis is none\n', expect.stringContaining('(line 2)')],
  ] as const)('ends every series once when a scrape %s, and knows them again', async (_title, second, message) => {
    const { scrape } = bed.target();
    scrape('reads 1\n');
    expect(scrape(second)).toEqual(message);
    expect(scrape(second)).toEqual(message);
    expect(scrape('reads 4\n')).toBeUndefined();
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1 15=stale 45=4' });
    expect(await bed.report('up')).toBe('0=1 15=0 30=0 45=1');
    expect(await bed.report('scrape_series_added')).toBe('0=1 15=0 30=0 45=0');
  });

  it('does not end series that only a scrape had which failed', async () => {
    const { scrape } = bed.target();
    scrape('reads 1\n');
    scrape('reads 2\nwrites 2\nnone at all\n');
    scrape('reads 3\n');
    expect(await bed.store.recorded('writes')).toEqual({});
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1 15=stale 30=3' });
  });

  it('takes an empty body as a scrape that found nothing', async () => {
    const { scrape } = bed.target();
    scrape('reads 1\n');
    expect(scrape('', '')).toBeUndefined();
    expect(await bed.report('up')).toBe('0=1 15=1');
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1 15=stale' });
  });

  it('fails a scrape whose format it does not know, unless there is one to fall back to', () => {
    const { scrape } = bed.target();
    expect(scrape('reads 1\n', 'text/html')).toBe(
      'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    );
    expect(scrape('reads 1\n', '')).toContain('blank Content-Type');
    expect(bed.target({ fallbackProtocol: 'PrometheusText0.0.4' }).scrape('reads 1\n', '')).toBeUndefined();
  });

  it('lets labels of the target itself step back, or counts them where they are honoured', async () => {
    const body = 'rules{job="mine",instance="",exported_job="first"} 1\n';
    bed.target().scrape(body);
    bed.target({ honorLabels: true }, LabelSet.of({ job: 'other', instance: 'b:2' })).scrape(body);
    expect(Object.keys(await bed.store.recorded('rules')).sort()).toEqual([
      series({ exported_exported_job: 'mine', exported_job: 'first' }),
      JSON.stringify({ exported_job: 'first', job: 'mine' }),
    ]);
  });

  it('drops what metric relabeling drops, and counts it as scraped', async () => {
    const drop = rule({ action: 'drop', sourceLabels: ['__name__'], regex: 'go_.*' });
    const { scrape } = bed.target({ metricRelabel: [drop] });
    scrape('go_threads 1\nreads 1\n');
    scrape('go_threads 1\nreads 1\n');
    expect(await bed.store.recorded('go_threads')).toEqual({});
    expect(await bed.report('scrape_samples_scraped')).toBe('0=2 15=2');
    expect(await bed.report('scrape_samples_post_metric_relabeling')).toBe('0=1 15=1');
  });

  it('takes none of a scrape that is over the limit of samples, and does not make its series', async () => {
    const { scrape } = bed.target({ limits: { ...scrapeConfig().limits, samples: 3 } });
    scrape('a 1\nb 1\n');
    const many = Array.from({ length: 1000 }, (_, index) => `c{i="${index}"} 1\n`).join('');
    expect(scrape(`a 2\nb 2\n${many}`)).toBe('sample limit exceeded');
    expect(scrape('a 3\nb 3\n')).toBeUndefined();
    expect(await bed.store.recorded('a')).toEqual({ [series()]: '0=1 15=stale 30=3' });
    expect(await bed.report('up')).toBe('0=1 15=0 30=1');
    expect(await bed.report('scrape_samples_scraped')).toBe('0=2 15=1002 30=2');
    expect(await bed.report('scrape_samples_post_metric_relabeling')).toBe('0=2 15=1002 30=2');
    expect(bed.store.head.table.count).toBeLessThan(12);
  });

  it.each([
    [{ labels: 3 }, 'label_limit exceeded (metric: reads, number of labels: 4, limit: 3)'],
    [
      { labelNameLength: 7 },
      /^label_name_length_limit exceeded \(metric: reads, label name: __name__, length: 8, limit: 7\)/,
    ],
    [
      { labelValueLength: 5 },
      'label_value_length_limit exceeded (metric: reads, label name: sink, value: "lé:90", length: 6, limit: 5)',
    ],
  ])('fails a scrape beyond the limit %o, in the words of Prometheus', (limits, message) => {
    const { scrape } = bed.target({ limits: { ...scrapeConfig().limits, ...limits } });
    expect(scrape('reads{sink="lé:90"} 1\n')).toMatch(message);
  });

  it('makes native histograms coarser until they fit, and fails where none does', async () => {
    const { scrape } = bed.target({ scrapeNativeHistograms: true, histogramLimits: { buckets: 2, maxSchema: 2 } });
    const type = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
    const schemaAfter = (indexes: readonly number[]): number | string | undefined => {
      const failure = scrape(waitOfBuckets(indexes), type);
      const ref = bed.store.head.getOrCreate(LabelSet.of({ ...TARGET.toJSON(), __name__: 'wait' }));
      if (typeof ref === 'string') throw new Error(ref);
      const { head } = bed.store;
      return failure ?? head.store.tails.newest(head.table.resolve(ref))?.schema;
    };
    expect(schemaAfter([1, 9])).toBe(2);
    expect(schemaAfter([1, 9, 20])).toBe(-1);
    expect(schemaAfter([-2000, 1, 4000])).toBe('histogram bucket limit exceeded');
    expect(schemaAfter([1])).toBe(2);
    expect(await bed.store.recorded('wait')).toEqual({ [series()]: '0=count:2 15=count:3 30=stale 45=count:1' });
    expect(await bed.report('up')).toBe('0=1 15=1 30=0 45=1');
    expect(await bed.report('scrape_samples_scraped')).toBe('0=1 15=1 30=1 45=1');
  });

  it('counts what is there twice, and takes the first of it', async () => {
    const { scrape } = bed.target();
    expect(scrape('reads 1\nreads 2\nreads 1\n')).toBeUndefined();
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1' });
    expect(bed.counts.refused).toEqual(new Map([['duplicate', 2]]));
    expect(await bed.report('scrape_samples_post_metric_relabeling')).toBe('0=3');
  });

  it('takes times of the target, counts those that go back or too far, and sets no markers for them', async () => {
    const { scrape } = bed.target();
    scrape(`reads 1 ${START_MS - 5000}\n`);
    scrape(`reads 2 ${START_MS - 6000}\n`);
    scrape(`reads 3 ${START_MS + 3_600_000}\n`);
    scrape(`reads 1 ${START_MS - 5000}\n`);
    scrape('');
    scrape(FAILED);
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '-5=1' });
    expect(bed.counts.refused).toEqual(
      new Map([
        ['out_of_order', 1],
        ['too_far_ahead', 1],
      ]),
    );
  });

  it('ends series with times of their own where that is asked for', async () => {
    const { scrape } = bed.target({ trackTimestampsStaleness: true });
    scrape(`reads 1 ${START_MS - 5000}\n`);
    scrape('writes 1\n');
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '-5=1 15=stale' });
  });

  it('leaves times of the target aside where they are not honoured', async () => {
    bed.target({ honorTimestamps: false }).scrape(`reads 1 ${START_MS - 5000}\n`);
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1' });
  });

  it('counts series that a budget keeps out, and takes them when there is room', async () => {
    bed = new TargetBed({ maxSeriesPerJob: 7 });
    const { scrape } = bed.target();
    scrape('a 1\n');
    expect(scrape('a 1\nb 1\nc 1\nd 1\n')).toBeUndefined();
    expect(bed.counts.refused).toEqual(new Map([['no_series', 2]]));
    expect(await bed.report('scrape_samples_post_metric_relabeling')).toBe('0=1 15=4');
    expect(bed.store.head.counts.refusedSeries).toEqual(new Map([['job_budget', 2]]));
    Object.assign(bed.store.head.options, { maxSeriesPerJob: 100 });
    for (let minute = 0; minute < 6; minute++) for (let at = 0; at < 4; at++) scrape('a 1\nb 1\nc 1\nd 1\n');
    expect(await bed.store.recorded('d')).toEqual({ [series()]: expect.stringMatching(/^3[0-9]{2}=1 /) });
    expect(await bed.store.recorded('a')).toEqual({ [series()]: expect.not.stringContaining('stale') });
  });

  it('asks anew for series that retention has removed meanwhile, and ends the others', async () => {
    bed = new TargetBed({ retentionMs: 60_000 });
    const { scrape } = bed.target();
    scrape('old 1\nnew 1\n');
    for (let at = 0; at < 8; at++) scrape(FAILED);
    for (let slot = bed.store.head.maintain(0, 100); slot !== 0; ) slot = bed.store.head.maintain(slot, 100);
    expect(await bed.store.recorded('old')).toEqual({});
    expect(scrape('old 2\nnew 2\n')).toBeUndefined();
    expect(bed.counts.refused).toEqual(new Map());
    expect(await bed.store.recorded('old')).toEqual({ [series()]: '135=2' });
    scrape('new 3\n');
    expect(await bed.store.recorded('old')).toEqual({ [series()]: '135=2 150=stale' });
  });

  it('remembers type, help and unit', async () => {
    const { samples, scrape } = bed.target();
    scrape('# HELP reads How many.\n# TYPE reads counter\nreads 1\n');
    expect([...samples.metadata.values()]).toEqual([{ metric: 'reads', type: 'counter', help: 'How many.', unit: '' }]);
    const query = { metric: 'reads', limit: undefined, limitPerMetric: undefined };
    expect(bed.store.head.metadata.query(query)).toHaveLength(1);
  });

  it('remembers type and help also of a scrape that was over the limit of samples', () => {
    const { samples, scrape } = bed.target({ limits: { ...scrapeConfig().limits, samples: 2 } });
    scrape('a 1\n');
    expect(scrape('a 2\n# TYPE b counter\nb 1\n# TYPE c counter\nc 1\n')).toBe('sample limit exceeded');
    expect(scrape('# TYPE b counter\nb 2\n# TYPE c counter\nc 2\n')).toBeUndefined();
    expect([...samples.metadata.values()].map(({ metric, type }) => `${metric} ${type}`)).toEqual([
      'b counter',
      'c counter',
    ]);
  });

  it('forgets type and help of metrics that a target names anew with each scrape, and none that it has', () => {
    const { samples, scrape } = bed.target();
    const lines = (from: number, count: number): string =>
      Array.from({ length: count }, (_, at) => `# TYPE reads_${from + at} counter\n`).join('');
    const stays = '# HELP reads How many.\n# TYPE reads counter\nreads 1\n';
    let most = 0;
    for (let at = 0; at < 5; at++) {
      scrape(stays + lines(4_000 * at, 4_000));
      most = Math.max(most, samples.metadata.size);
      expect(samples.metadata.get('reads')).toMatchObject({ type: 'counter', help: 'How many.' });
    }
    expect(most).toBe(12_001);
    expect(samples.metadata.size).toBe(8_001);
  });

  it('remembers as many metrics as a target has', () => {
    const { samples, scrape } = bed.target();
    const body = Array.from({ length: 15_000 }, (_, at) => `# TYPE reads_${at} counter\nreads_${at} 1\n`).join('');
    for (let at = 0; at < 3; at++) {
      scrape(body);
      expect(samples.metadata.size).toBe(15_000);
    }
    expect(bed.counts.refused).toEqual(new Map());
  });

  it('keeps exemplars, those that come again without a time once', () => {
    const { scrape } = bed.target();
    const body = (traces: string) => `# TYPE reads counter\nreads_total 1 # {trace_id="${traces}"} 0.5\n# EOF\n`;
    scrape(body('abc'), 'application/openmetrics-text');
    scrape(body('abc'), 'application/openmetrics-text');
    expect(bed.store.head.exemplars.count).toBe(1);
    scrape(body('def'), 'application/openmetrics-text');
    scrape(body('abc'), 'application/openmetrics-text');
    expect(bed.store.head.exemplars.count).toBe(3);
  });

  it.each([
    ['without', 0],
    ['with', 600_000],
  ])('ends everything of a target, its reports too, but not what has been written since, %s an out-of-order window', async (_what, outOfOrderWindowMs) => {
    bed = new TargetBed({ outOfOrderWindowMs });
    const one = bed.target();
    one.scrape('reads 1\nwrites 1\n');
    const other = bed.target();
    other.scrape(FAILED);
    other.scrape('reads 2\n');
    await one.samples.end(START_MS + 10_000);
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1 15=2' });
    expect(await bed.store.recorded('writes')).toEqual({ [series()]: '0=1 10=stale' });
    expect(await bed.report('up')).toBe('0=1 15=1');
    await other.samples.end(START_MS + 20_000);
    expect(await bed.store.recorded('reads')).toEqual({ [series()]: '0=1 15=2 20=stale' });
    expect(await bed.report('up')).toMatch(/15=1 20=stale$/);
  });

  it('goes over to another format without losing a series', async () => {
    const { scrape } = bed.target();
    scrape('reads_total 1\nlanes 1\n');
    scrape('# TYPE reads counter\nreads_total 2\n# EOF\n', 'application/openmetrics-text; version=1.0.0');
    expect(await bed.store.recorded('reads_total')).toEqual({ [series()]: '0=1 15=2' });
    expect(await bed.store.recorded('lanes')).toEqual({ [series()]: '0=1 15=stale' });
  });
});

/** A native histogram of the schema 3, with one observation in each of the buckets.
 *  @param indexes ascending */
function waitOfBuckets(indexes: readonly number[]): Buffer {
  const value: NativeHistogram = {
    ...{ isFloat: true, schema: 3, zeroThreshold: 1e-128, zeroCount: 0, count: indexes.length, sum: 1 },
    positiveSpans: indexes.map((index, at) => ({ offset: index - (at === 0 ? 0 : indexes[at - 1]! + 1), length: 1 })),
    positiveCounts: indexes.map(() => 1),
    ...{ negativeSpans: [], negativeCounts: [], customValues: [], resetHint: 'unknown', isStale: false },
  };
  return encodeFamily('wait', 'histogram', [{ labels: [], timestampMs: 0, value }]);
}
