/** The owner of a group of alerts is killed when its group_wait is over: how long until another replica tells. A part of `alerting`, by itself. */
import { parseArgs } from 'node:util';
import { runTakeover } from '../alerting/takeover.ts';
import type { BenchContext } from '../harness/context.ts';
import { markdownTable } from '../harness/table.ts';

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: { runs: { type: 'string', default: '100' }, seed: { type: 'string' } },
  });
  const seed = values.seed === undefined ? {} : { seed: Number(values.seed) };
  const figures = await runTakeover(context, { runs: Number(values.runs), ...seed });
  const { runs, p50Ms, p100Ms, lost, duplicates } = figures;
  const row = [runs, `${(p50Ms / 1000).toFixed(1)} s`, `${(p100Ms / 1000).toFixed(1)} s`, lost, duplicates].map(String);
  process.stdout.write(`${markdownTable(['kills', 'p50', 'p100', 'lost', 'told twice'], [row])}\n`);
}
