/** How fast a large file goes through, from the page cache into a pipe, and what that costs. */
import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { benchCacheDir } from '../harness/cache.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import type { Cores } from '../harness/cores.ts';
import { numberField, parseFields } from '../harness/fields.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { seededRandom } from '../harness/random.ts';
import { messageSource } from '../logs/messages.ts';
import { startHelper, withFolder } from './place.ts';
import { type Streamer, startStreamer } from './streamer.ts';

const SEED = 42;
const WRITE_BYTES = 1 << 20;

export interface BusyResult {
  readonly streamer: string;
  readonly bytes: number;
  /** Bytes that came out, prefixes included. */
  readonly emittedBytes: number;
  /** From the first byte to the last. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

export interface PlainCorpus {
  readonly file: string;
  readonly sizeBytes: number;
}

/** Application lines of 120 to 250 bytes, made once. */
export function plainCorpus(sizeBytes: number): PlainCorpus {
  const file = join(benchCacheDir(), `plain-${SEED}-${sizeBytes}.log`);
  if (!existsSync(file)) {
    progress(`writing ${file}`);
    const fd = openSync(`${file}.tmp`, 'w');
    const message = messageSource(seededRandom(SEED));
    for (let written = 0; written < sizeBytes; ) {
      let text = '';
      while (text.length < WRITE_BYTES) text += `${message()}\n`;
      written += writeSync(fd, text);
    }
    closeSync(fd);
    renameSync(`${file}.tmp`, file);
  }
  return { file, sizeBytes: statSync(file).size };
}

export function measureBusy(
  streamer: Streamer,
  corpus: PlainCorpus,
  cores: Cores,
  context: BenchContext,
): Promise<BusyResult> {
  return withFolder(async (folder) => {
    const program = startStreamer(streamer, corpus.file, folder, cores.agent);
    const expected = { pipe: program.pipe, bytes: corpus.sizeBytes };
    const reader = startHelper(context, 'pipe-reader.process', expected, folder, cores.sink);
    try {
      program.release();
      const counted = parseFields((await reader.saying(/\{"bytes".*\}/))[0]);
      const result: BusyResult = {
        streamer: streamer.name,
        bytes: corpus.sizeBytes,
        emittedBytes: numberField(counted, 'bytes'),
        seconds: numberField(counted, 'seconds'),
        cpuSeconds: cpuSecondsOf(program.pid),
        peakRssBytes: memoryOf(program.pid).peakRssBytes,
      };
      progress(`${streamer.name}: ${(result.bytes / 1e6 / result.cpuSeconds).toFixed(0)} MB per CPU-second`);
      return result;
    } finally {
      await program.end();
      await reader.end();
    }
  });
}
