/** The streaming sidecar beside `tail -F`: idle cost, throughput, rotation torture.
 *  Options: --quick (64 MiB, one run, short windows), --runs N, --parts a,b,…. Anything but a full run is for a look. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchContext, progress } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { type BusyResult, measureBusy, plainCorpus } from './busy.ts';
import { type IdleResult, measureIdle } from './idle.ts';
import { type SidecarReport, sidecarMarkdown, VIGIE } from './report.ts';
import { tails, vigieStreamer } from './streamer.ts';
import { measureTorture, ROTATIONS, type TortureResult } from './torture.ts';

const PARTS = ['idle', 'busy', 'torture'] as const;
const FULL = { corpusBytes: 1024 ** 3, runs: 5, window: { settleSeconds: 25, seconds: 60 } };
const QUICK = { corpusBytes: 64 * 1024 ** 2, runs: 1, window: { settleSeconds: 20, seconds: 10 } };

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      parts: { type: 'string', default: PARTS.join(',') },
    },
  });
  const parts = values.parts.split(',');
  const unknown = parts.filter((part) => !PARTS.some((known) => known === part));
  if (unknown.length > 0) throw new Error(`--parts: expected some of ${PARTS.join(',')}, got '${unknown.join(',')}'`);
  const size = values.quick ? QUICK : FULL;
  const runs = values.runs === undefined ? size.runs : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs: expected a number of at least 1, got '${values.runs}'`);

  const { rootDir } = context;
  const listening = ['--listen', '127.0.0.1:0'];
  const vigie = vigieStreamer(rootDir, VIGIE, listening);
  const peers = tails();
  if (!peers.some(({ name }) => name.startsWith('busybox'))) progress('busybox is not installed: not measured');
  const off = vigieStreamer(rootDir, `${VIGIE} --listen off`, ['--listen', 'off']);
  const prefixed = (['name', 'json'] as const).map((prefix) =>
    vigieStreamer(rootDir, `${VIGIE} --prefix ${prefix}`, [...listening, '--prefix', prefix]),
  );
  const cores = claimCores();

  const idle: IdleResult[] = [];
  if (parts.includes('idle')) {
    for (const streamer of [vigie, off, ...peers]) {
      idle.push(await measureIdle(streamer, size.window, cores, context));
    }
  }
  const busy: BusyResult[] = [];
  if (parts.includes('busy')) {
    const corpus = plainCorpus(size.corpusBytes);
    // Every run finds it in the page cache.
    readFileSync(corpus.file);
    for (let round = 0; round < runs; round++) {
      for (const streamer of [vigie, ...prefixed, ...peers]) {
        busy.push(await measureBusy(streamer, corpus, cores, context));
      }
    }
  }
  const torture: TortureResult[] = [];
  if (parts.includes('torture')) {
    for (let round = 0; round < runs; round++) {
      for (const rotation of ROTATIONS) {
        for (const streamer of [vigie, ...peers]) {
          torture.push(await measureTorture(streamer, rotation, round + 1, cores, context));
        }
      }
    }
  }
  const versions = Object.fromEntries([vigie, ...peers].map(({ name, version }) => [name, version]));
  const report: SidecarReport = { environment: environment(rootDir), versions, idle, busy, torture };
  const markdown = sidecarMarkdown(report);
  console.log(markdown);
  if (values.quick || parts.length < PARTS.length) return;
  mkdirSync(join(rootDir, 'bench/results'), { recursive: true });
  writeFileSync(join(rootDir, 'bench/results/sidecar.json'), `${JSON.stringify(report, null, 2)}\n`);
  replaceSection(join(rootDir, 'docs/benchmarks.md'), 'sidecar', markdown);
}
