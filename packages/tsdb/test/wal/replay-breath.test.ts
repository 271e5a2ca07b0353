import { expect, it } from 'vitest';
import { bed, contents, rows, seriesRef } from '../tsdb-bed.ts';

it('a replay lets others run after each half MiB', async () => {
  const one = bed();
  await one.tsdb.start();
  const refs = Array.from({ length: 2_000 }, (_, n) => seriesRef(one.tsdb, { __name__: 'm', n: String(n) }));
  const steps = 60;
  for (let step = 0; step < steps; step++) await one.tsdb.append(rows(refs, one.clock.nowMs() + step, (n) => n));
  const again = bed(one.files, {}, one.clock);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const recovery = await again.tsdb.start();
  isOver = true;
  const bytes = one.tsdb.walCounts?.writtenBytes ?? 0;
  expect(turns).toBeGreaterThanOrEqual(Math.floor(bytes / (768 * 1024)));
  expect(recovery.samples).toBe(steps * refs.length);
  expect((await contents(again.tsdb)).size).toBe(refs.length);
});
