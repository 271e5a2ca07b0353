/** From lines to an HPA: log_to_metric makes numbers of them, which are scraped and asked for by their pods. */
import { logToMetricSchema } from '@vigie/log-pipeline/sinks/log-to-metric/config';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { World } from '../../packages/collector/test/adapter/world.ts';
import { LogToMetricSink } from '../../packages/log-pipeline/src/sinks/log-to-metric/sink.ts';
import { factsOf } from '../../packages/log-pipeline/test/sinks/facts.ts';
import { GroupBed } from '../../packages/log-pipeline/test/sinks/group-bed.ts';
import { recordedDeps } from '../../packages/log-pipeline/test/sinks/sink-deps.ts';

const INTERVAL_MS = 15_000;
const EXPIRE_MS = 600_000;
const CONFIG = v.parse(logToMetricSchema, {
  type: 'log_to_metric',
  inputs: ['pods'],
  metrics: [
    { name: 'orders_total', type: 'counter', increment_by: 'orders' },
    { name: 'took_seconds', type: 'histogram', field: 'took', buckets: [1] },
    { name: 'queue', type: 'gauge', field: 'queue' },
  ],
});

/** An agent, and the storage into which it is scraped. */
class ScrapedNode {
  readonly #world: World;
  readonly #bed = new GroupBed();
  readonly #sink: LogToMetricSink;
  readonly #series: LabelSet[] = [];
  readonly #reader = new ScrapeReader({
    resolve: (labels) => {
      const pairs = labels.flatMap((name, at) => (at % 2 === 0 ? [[name, labels[at + 1] ?? ''] as const] : []));
      return this.#series.push(LabelSet.of([...pairs, ['job', 'vigie-logs'] as const])) - 1;
    },
  });

  constructor(world: World) {
    this.#world = world;
    this.#sink = new LogToMetricSink('app', CONFIG, recordedDeps({ clock: world.clock }));
  }

  async write(podName: string, record: object): Promise<void> {
    const written = { message: Buffer.from('a line'), extra: JSON.stringify(record).slice(1, -1) };
    await this.#sink.send(this.#bed.encode(this.#sink.shape(factsOf({ podName })), [written]));
  }

  scrape(): void {
    const { clock, storage } = this.#world;
    const { count, refs, values, gone, metadata } = this.#reader.read(Buffer.from(this.#sink.expose()), 'text');
    const add = (ref: number, value: number | 'stale'): void =>
      storage.append(this.#series[ref]!, [{ timestampMs: clock.nowMs(), value, startTimestampMs: 0 }]);
    for (let at = 0; at < count; at++) add(refs[at]!, values[at]!);
    for (const ref of gone) add(ref, 'stale');
    for (const { family, kind, text } of metadata) if (kind === 'type') storage.types.set(family, text);
  }
}

it('numbers of a line are metrics of its pod: rates, means and newest values, and none of a pod that is silent for long', async () => {
  const world = await World.create();
  for (const name of ['web-1', 'web-2']) world.pod(name);
  const node = new ScrapedNode(world);
  await node.write('web-1', { orders: 10, took: 2, queue: 4 });
  await node.write('web-2', { orders: 1, took: 3, queue: 1 });
  node.scrape();
  await world.clock.advance(INTERVAL_MS);
  await node.write('web-1', { orders: 30, took: 0.5, queue: 7 });
  node.scrape();
  expect(await world.custom('orders_per_second')).toEqual({ 'web-1': 2, 'web-2': 0 });
  expect(await world.custom('took_seconds')).toEqual({ 'web-1': 0.5 });
  expect(await world.custom('queue')).toEqual({ 'web-1': 7, 'web-2': 1 });

  await world.clock.advance(EXPIRE_MS - INTERVAL_MS);
  await node.write('web-1', { queue: 2 });
  node.scrape();
  await world.clock.advance(INTERVAL_MS);
  node.scrape();
  expect(await world.custom('orders_per_second')).toEqual({ 'web-1': 0 });
  expect(await world.custom('queue')).toEqual({ 'web-1': 2 });
});
