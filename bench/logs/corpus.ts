/** The mixed corpus: CRI logs of four busy containers, made once from a seed and kept outside the checkout. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { benchCacheDir } from '../harness/cache.ts';
import { progress } from '../harness/context.ts';
import { numberField, parseFields } from '../harness/fields.ts';
import { seededRandom } from '../harness/random.ts';
import { messageSource } from './messages.ts';
import { addContainer, containerPlace, logPath } from './pod-tree.ts';

/** Raised when what the generator writes changes, so that an old cache is not taken for the new corpus. */
const GENERATION = 1;
const SEED = 42;
const FILES = 4;
const WRITE_BYTES = 1 << 20;

export interface Corpus {
  /** Holds containers/ and pods/. */
  readonly root: string;
  readonly sizeBytes: number;
  readonly records: number;
}

/** The corpus of about `sizeBytes`, generated if it is not in the cache. The links are made anew: a cache may move. */
export function mixedCorpus(sizeBytes: number): Corpus {
  const root = join(benchCacheDir(), `corpus-${GENERATION}-${SEED}-${sizeBytes}`);
  const manifest = join(root, 'manifest.json');
  if (!existsSync(manifest)) generate(root, manifest, sizeBytes);
  for (let n = 0; n < FILES; n++) addContainer(root, containerPlace(n));
  const fields = parseFields(readFileSync(manifest, 'utf8'));
  return { root, sizeBytes: numberField(fields, 'sizeBytes'), records: numberField(fields, 'records') };
}

/** Reads the corpus once, so that every measured run finds it in the page cache. */
export function warmPageCache(corpus: Corpus): void {
  const buffer = Buffer.allocUnsafe(WRITE_BYTES);
  for (let n = 0; n < FILES; n++) {
    const file = openSync(logPath(corpus.root, containerPlace(n)), 'r');
    while (readSync(file, buffer) > 0);
    closeSync(file);
  }
}

function generate(root: string, manifest: string, sizeBytes: number): void {
  progress(`writing a corpus of ${(sizeBytes / 1e6).toFixed(0)} MB`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  let written = 0;
  let records = 0;
  for (let n = 0; n < FILES; n++) {
    const random = seededRandom(SEED + n);
    const message = messageSource(random);
    const file = openSync(addContainer(root, containerPlace(n)), 'w');
    const clock = criClock(random);
    const fileEnd = ((n + 1) * sizeBytes) / FILES;
    while (written < fileEnd) {
      let text = '';
      while (text.length < WRITE_BYTES) {
        text += `${clock()} ${random() < 0.9 ? 'stdout' : 'stderr'} F ${message()}\n`;
        records++;
      }
      written += writeSync(file, text);
    }
    closeSync(file);
  }
  writeFileSync(`${manifest}.tmp`, JSON.stringify({ sizeBytes: written, records }));
  renameSync(`${manifest}.tmp`, manifest);
}

/** RFC 3339 with nanoseconds as containerd writes it (pkg/cri/io/logger.go, time.RFC3339Nano): zeros at the end of the
 *  fraction are left out, so that one line in ten is shorter. */
function criClock(random: () => number): () => string {
  let ms = Date.parse('2026-11-21T10:00:00Z');
  return () => {
    ms += random() * 3;
    const nanos = String((random() * 1e6) | 0).padStart(6, '0');
    const fraction = `${new Date(ms).toISOString().slice(0, -1)}${nanos}`;
    return `${fraction.endsWith('0') ? fraction.replace(/\.?0+$/, '') : fraction}Z`;
  };
}
