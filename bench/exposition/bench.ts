/** What reading a scrape costs: samples per CPU-second of the text format, cold (every series new), steady (the lines of the last
 *  scrape with other values) and with a tenth of the pods replaced. Bodies are in memory; fetching and storing are others'.
 *  `--quick` is a smoke test and writes nothing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';
import { type BenchContext, progress } from '../harness/context.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { makeTarget, type Target } from '../harness/scraped-target.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';

interface Reading {
  readonly name: string;
  /** Of each run. */
  readonly samplesPerCpuSecond: readonly number[];
  readonly bytesPerSample: number;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      targets: { type: 'string' },
      series: { type: 'string', default: '1000' },
      runs: { type: 'string' },
    },
  });
  const targetCount = Number(values.targets ?? (values.quick ? 20 : 200));
  const runs = Number(values.runs ?? (values.quick ? 2 : 7));
  const targets = Array.from({ length: targetCount }, (_, index) => makeTarget(index, Number(values.series)));
  const replaced = targets.map((target, index) =>
    index % 10 === 0 ? makeTarget(index + targetCount, Number(values.series)) : target,
  );
  const bodies = (of: readonly Target[], scrape: number) => of.map((target) => target.body(scrape));
  const [first, second, third, others] = [
    bodies(targets, 0),
    bodies(targets, 1),
    bodies(targets, 2),
    bodies(replaced, 3),
  ];
  const readings: Reading[] = [];
  const measured: Record<string, number[]> = { cold: [], steady: [], 'a tenth replaced': [] };
  let samples = 0;
  for (let index = 0; index < runs; index++) {
    progress(`run ${index + 1} of ${runs}`);
    let series = 0;
    const readers = targets.map(() => new ScrapeReader({ resolve: () => series++ }));
    const read = (scrapes: readonly Buffer[]): number => {
      const before = process.cpuUsage();
      let count = 0;
      for (const [target, body] of scrapes.entries()) count += readers[target]!.read(body, 'text').count;
      const { user, system } = process.cpuUsage(before);
      samples = count;
      return (count / (user + system)) * 1e6;
    };
    measured.cold!.push(read(first));
    for (let round = 0; round < 4; round++) {
      measured.steady!.push(read(second), read(third));
    }
    measured['a tenth replaced']!.push(read(others));
  }
  const bytesPerSample = second.reduce((sum, { length }) => sum + length, 0) / samples;
  for (const [name, samplesPerCpuSecond] of Object.entries(measured)) {
    readings.push({ name, samplesPerCpuSecond, bytesPerSample });
  }
  const table = markdownTable(
    ['exposition text', 'million samples per CPU-second: median', 'least', 'most'],
    readings.map(({ name, samplesPerCpuSecond }) => [
      `${name}, ${bytesPerSample.toFixed(0)} bytes a sample`,
      ...[median(samplesPerCpuSecond), Math.min(...samplesPerCpuSecond), Math.max(...samplesPerCpuSecond)].map(
        (value) => (value / 1e6).toFixed(2),
      ),
    ]),
  );
  console.log(table);
  if (values.quick) return;
  const about = environment(context.rootDir);
  mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
  writeFileSync(
    join(context.rootDir, 'bench/results/exposition.json'),
    `${JSON.stringify({ environment: about, targets: targetCount, series: Number(values.series), readings }, null, 2)}\n`,
  );
  replaceSection(
    join(context.rootDir, 'docs/benchmarks.md'),
    'exposition',
    `${table}\n\n${about.summary}, Node ${about.harnessNode}; ${targetCount} targets of ${values.series} lines.`,
  );
}
