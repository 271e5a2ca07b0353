import { FakeClock } from '@vigie/core/fake-clock';
import * as v from 'valibot';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RecordFacts } from '../../../src/encode/document.ts';
import { FLAG_DROPPED } from '../../../src/kernel/layout.ts';
import { logMetricProblems, logToMetricSchema } from '../../../src/sinks/log-to-metric/config.ts';
import { LogToMetricSink } from '../../../src/sinks/log-to-metric/sink.ts';
import { factsOf } from '../facts.ts';
import { GroupBed } from '../group-bed.ts';
import { recordedDeps } from '../sink-deps.ts';

const bed = new GroupBed();
let clock = new FakeClock();
let deps = recordedDeps();
beforeEach(() => {
  clock = new FakeClock();
  deps = recordedDeps({ clock });
});

const configOf = (metrics: readonly object[], options: object = {}) =>
  v.parse(logToMetricSchema, { type: 'log_to_metric', inputs: ['pods'], metrics, ...options });

const sinkOf = (metrics: readonly object[], options: object = {}): LogToMetricSink =>
  new LogToMetricSink('app', configOf(metrics, options), deps);

const recordOf = (members: object) => ({
  message: Buffer.from('a line'),
  extra: JSON.stringify(members).slice(1, -1),
});

async function take(
  sink: LogToMetricSink,
  records: readonly object[],
  facts: Partial<RecordFacts> = {},
): Promise<void> {
  const body = bed.encode(sink.shape(factsOf(facts)), records.map(recordOf));
  expect(body.toString().split('\n')).toHaveLength(records.length + 1);
  expect(await sink.send(body)).toEqual({ status: 'accepted' });
}

/** Lines of samples alone. */
const samples = (sink: LogToMetricSink): string[] =>
  sink
    .expose()
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('#'));

const WEB = 'namespace="shop",pod="web-1",container="web"';

describe('metrics made of records', () => {
  test('a counter counts records, by labels made of their fields', async () => {
    const sink = sinkOf([
      { name: 'requests_total', type: 'counter', help: 'All\\of\nthem.', labels: { status: '{{ http.status }}' } },
    ]);
    await take(sink, [{ http: { status: 200 } }, { http: { status: 500 } }, { 'http.status': 200 }, {}]);
    expect(sink.expose()).toBe(
      '# HELP requests_total All\\\\of\\nthem.\n# TYPE requests_total counter\n' +
        `requests_total{${WEB},status="200"} 2\nrequests_total{${WEB},status="500"} 1\nrequests_total{${WEB}} 1\n`,
    );
  });

  test('a counter grows by a field, text or number, and by nothing that is no number', async () => {
    const sink = sinkOf([{ name: 'bytes_total', type: 'counter', increment_by: 'size' }]);
    await take(sink, [{ size: 10 }, { size: '2.5' }, { size: -1 }, { size: 'big' }, { size: null }, {}, { size: [1] }]);
    expect(samples(sink)).toEqual([`bytes_total{${WEB}} 12.5`]);
    expect(deps.counts.get('invalid_value')).toBe(3);
  });

  test('a gauge shows the last value', async () => {
    const sink = sinkOf([{ name: 'queue', type: 'gauge', field: 'length' }]);
    await take(sink, [{ length: 3 }, { length: -1e-7 }, { other: 1 }]);
    expect(samples(sink)).toEqual([`queue{${WEB}} -1e-7`]);
  });

  test('a histogram has cumulative buckets, whose bounds belong to them', async () => {
    const sink = sinkOf([{ name: 'seconds', type: 'histogram', field: 'took', buckets: [0.1, 1] }]);
    await take(sink, [{ took: 0.1 }, { took: 0.5 }, { took: 7 }]);
    expect(samples(sink)).toEqual([
      `seconds_bucket{${WEB},le="0.1"} 1`,
      `seconds_bucket{${WEB},le="1"} 2`,
      `seconds_bucket{${WEB},le="+Inf"} 3`,
      `seconds_sum{${WEB}} 7.6`,
      `seconds_count{${WEB}} 3`,
    ]);
  });

  test('only records that meet the condition are samples', async () => {
    const sink = sinkOf([
      { name: 'errors_total', type: 'counter', condition: { level: 'error' } },
      { name: 'of_others_total', type: 'counter', condition: { 'kubernetes.namespace': 'other' } },
    ]);
    await take(sink, [{ level: 'error' }, { level: 'info' }, {}]);
    expect(samples(sink)).toEqual([`errors_total{${WEB}} 1`]);
  });

  test('records that were dropped on the way do not count', async () => {
    const sink = sinkOf([{ name: 'lines_total', type: 'counter' }]);
    const body = bed.encode(sink.shape(factsOf()), [recordOf({}), { ...recordOf({}), flags: FLAG_DROPPED }]);
    await sink.send(body);
    expect(samples(sink)).toEqual([`lines_total{${WEB}} 1`]);
  });

  test('a request that is given up and read again counts once', async () => {
    const sink = sinkOf([{ name: 'lines_total', type: 'counter' }]);
    const shape = sink.shape(factsOf());
    bed.encode(shape, [recordOf({}), recordOf({})]);
    expect(samples(sink)).toEqual([]);
    await sink.send(bed.encode(shape, [recordOf({}), recordOf({})]));
    expect(samples(sink)).toEqual([`lines_total{${WEB}} 2`]);
  });

  test('what has no room waits, and nothing of it is counted', () => {
    const sink = sinkOf([{ name: 'bytes_total', type: 'counter', increment_by: 'size' }]);
    bed.put([recordOf({ size: 1 }), recordOf({ size: 12345 }), recordOf({ size: 'x' })]);
    const shape = sink.shape(factsOf());
    expect(bed.write(shape, 0, 3, 6)).toEqual({ nextRow: 1, records: 1, writtenBytes: 5 });
    expect(bed.write(shape, 1, 3, 9)).toEqual({ nextRow: 2, records: 1, writtenBytes: 9 });
    expect(deps.counts.size).toBe(0);
    expect(bed.write(shape, 2, 3, 9)).toEqual({ nextRow: 3, records: 1, writtenBytes: 1 });
    expect(deps.counts.get('invalid_value')).toBe(1);
  });

  test('the restarts of a container, and two of its logs, are one series; a record without a pod has no pod’s labels', async () => {
    const sink = sinkOf([{ name: 'lines_total', type: 'counter' }]);
    await take(sink, [{}]);
    await take(sink, [{}], { restartCount: 1, path: '/var/log/pods/shop_web-1_2f7c/web/1.log' });
    await take(sink, [{}], { namespace: undefined, podName: undefined, containerName: undefined });
    expect(samples(sink)).toEqual([`lines_total{${WEB}} 2`, 'lines_total 1']);
  });

  test('values of labels are escaped, cut, and well-formed', async () => {
    const sink = sinkOf([{ name: 'lines_total', type: 'counter', labels: { path: '{{ path }}' } }]);
    const lone = String.fromCharCode(0xd800);
    await take(sink, [{ path: 'a"b\\c\nd' }, { path: 'é'.repeat(300) }, { path: `${lone}😀` }]);
    await take(sink, [{ path: '\ufffd😀' }]);
    expect(samples(sink)).toEqual([
      `lines_total{${WEB},path="a\\"b\\\\c\\nd"} 1`,
      `lines_total{${WEB},path="${'é'.repeat(256)}"} 1`,
      `lines_total{${WEB},path="\ufffd😀"} 2`,
    ]);
  });
});

describe('the number of series', () => {
  test('stays at max_series, of each metric; samples beyond go to one series more, and are counted', async () => {
    const sink = sinkOf(
      [
        { name: 'by_user_total', type: 'counter', labels: { user: '{{ user }}' } },
        { name: 'all_total', type: 'counter' },
      ],
      { max_series: 2 },
    );
    await take(sink, [{ user: 'a' }, { user: 'b' }, { user: 'c' }, { user: 'd' }, { user: 'a' }]);
    expect(samples(sink)).toEqual([
      `by_user_total{${WEB},user="a"} 2`,
      `by_user_total{${WEB},user="b"} 1`,
      'by_user_total{namespace="other",pod="other",container="other",user="other"} 2',
      `all_total{${WEB}} 5`,
    ]);
    expect(deps.counts.get('series_overflow')).toBe(2);
  });

  test('falls when a container has written nothing for `expire`, and others have room then', async () => {
    const sink = sinkOf([{ name: 'lines_total', type: 'counter' }], { max_series: 1, expire: '10m' });
    const lines = (pod: string, value: number) => `lines_total{namespace="shop",pod="${pod}",container="web"} ${value}`;
    await take(sink, [{}]);
    await clock.advance(9 * 60_000);
    await take(sink, [{}]);
    await clock.advance(9 * 60_000);
    expect(samples(sink)).toEqual([lines('web-1', 2)]);
    await clock.advance(60_000);
    expect(samples(sink)).toEqual([]);
    await take(sink, [{}], { podName: 'web-2' });
    expect(samples(sink)).toEqual([lines('web-2', 1)]);
    await clock.advance(10 * 60_000);
    await take(sink, [{}]);
    expect(samples(sink)).toEqual([lines('web-1', 1)]);
    expect(deps.counts.size).toBe(0);
  });
});

describe('a reload', () => {
  const total = { name: 'lines_total', type: 'counter', labels: { level: '{{ level }}' } };
  const took = { name: 'took', type: 'histogram', field: 'took', buckets: [1] };
  const queue = { name: 'queue', type: 'gauge', field: 'queue' };

  const adopted = (before: LogToMetricSink, metrics: readonly object[], options: object = {}): LogToMetricSink => {
    const sink = sinkOf(metrics, options);
    sink.adopt(before);
    return sink;
  };

  test('keeps the values of metrics that stay what they are, whatever stands around them', async () => {
    const before = sinkOf([total, took, queue]);
    await take(before, [{ level: 'info', took: 2, queue: 5 }, { level: 'info' }, { level: 'error', took: 0.5 }]);
    const sink = adopted(before, [queue, { name: 'new_total', type: 'counter' }, took, { ...total, help: 'Lines.' }]);
    await take(sink, [{ level: 'info', took: 0.5 }]);
    expect(samples(sink)).toEqual([
      `queue{${WEB}} 5`,
      `new_total{${WEB}} 1`,
      `took_bucket{${WEB},le="1"} 2`,
      `took_bucket{${WEB},le="+Inf"} 3`,
      `took_sum{${WEB}} 3`,
      `took_count{${WEB}} 3`,
      `lines_total{${WEB},level="info"} 3`,
      `lines_total{${WEB},level="error"} 1`,
    ]);
  });

  test.each([
    ['type', { ...queue, name: 'lines_total' }],
    ['labels', { ...total, labels: { level: '{{ severity }}' } }],
    ['condition', { ...total, condition: { level: 'info' } }],
    ['increment_by', { ...total, increment_by: 'size' }],
    ['name', { ...total, name: 'all_total' }],
  ])('begins a metric anew whose %s changes', async (_what, changed) => {
    const before = sinkOf([total]);
    await take(before, [{ level: 'info' }]);
    expect(samples(adopted(before, [changed]))).toEqual([]);
  });

  test('begins a histogram anew whose buckets change', async () => {
    const before = sinkOf([took]);
    await take(before, [{ took: 1 }]);
    expect(samples(adopted(before, [{ ...took, buckets: [1, 2] }]))).toEqual([]);
  });

  test('keeps a container’s silence, and the bound on series with the series beyond it', async () => {
    const before = sinkOf([total], { max_series: 2, expire: '10m' });
    await take(before, [{ level: 'a' }, { level: 'b' }, { level: 'c' }]);
    await clock.advance(9 * 60_000);
    const sink = adopted(before, [total], { max_series: 1, expire: '10m' });
    const other = 'lines_total{namespace="other",pod="other",container="other",level="other"}';
    expect(samples(sink)).toEqual([`lines_total{${WEB},level="a"} 1`, `${other} 1`]);
    await take(sink, [{ level: 'b' }], { podName: 'web-2' });
    expect(samples(sink)).toContain(`${other} 2`);
    await clock.advance(60_000);
    expect(samples(sink)).toEqual([`${other} 2`]);
  });
});

describe('the section', () => {
  test.each([
    [{ name: '9lives', type: 'counter' }, 'the name of a metric'],
    [{ name: 'a', type: 'counter', labels: { 'a-b': 'x' } }, 'the name of a label'],
    [{ name: 'a', type: 'counter', labels: { __name__: 'x' } }, 'the name of a label'],
    [{ name: 'a', type: 'counter', labels: { pod: 'x' } }, 'a label other than'],
    [{ name: 'a', type: 'counter', labels: { user: '{{ user' } }, 'a field between each'],
    [{ name: 'a', type: 'histogram', field: 'x', buckets: [1, 1] }, 'each above the one before'],
    [{ name: 'a', type: 'summary', field: 'x' }, 'counter'],
  ])('problem %#', (metric, expected) => {
    const { issues } = v.safeParse(logToMetricSchema, { type: 'log_to_metric', inputs: ['pods'], metrics: [metric] });
    expect(issues?.map(({ message }) => message).join('\n')).toContain(expected);
  });

  test('a name stands for one metric of all sinks, and what a histogram shows is taken', () => {
    const counter = (name: string) => ({ name, type: 'counter' });
    const sinks = {
      a: configOf([counter('x_total'), { name: 'took', type: 'histogram', field: 'took' }]),
      out: { type: 'console' },
      b: configOf([counter('y_total'), counter('took_sum'), counter('x_total'), counter('y_total')]),
    };
    expect(logMetricProblems({ sinks }).map(({ path }) => path.join('.'))).toEqual([
      'sinks.b.metrics.1.name',
      'sinks.b.metrics.2.name',
      'sinks.b.metrics.3.name',
    ]);
  });
});
