/** What the log kernel does with a core: MB of CRI input per second for framing, encoding, ids, long constants,
 *  deflate and parse_json, in SIMD or (`--twin`) in TypeScript. Bytes are in memory; reading and sending are the logs benchmark's.
 *  A figure is the sum over reads of the fastest of several passes; the median of whole passes is saved beside it.
 *  `--wasm FILE` measures another build of the kernel: the alternatives in docs/decisions/0010 were compared so. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Batch } from '../../packages/log-pipeline/src/batch/batch.ts';
import { DOCUMENT_PATHS } from '../../packages/log-pipeline/src/encode/document.ts';
import { JsonLineEncoder, type JsonLineShape } from '../../packages/log-pipeline/src/encode/json-lines.ts';
import { createKernel, type EncodeResult } from '../../packages/log-pipeline/src/kernel/kernel.ts';
import { DEFLATE_BEGIN_BYTES } from '../../packages/log-pipeline/src/kernel/layout.ts';
import { loadKernel } from '../../packages/log-pipeline/src/kernel/load.ts';
import { ParseJson } from '../../packages/log-pipeline/src/transforms/parse-json.ts';
import { testShape } from '../../packages/log-pipeline/test/kernel/shapes.ts';
import { contextOf } from '../../packages/log-pipeline/test/transforms/context.ts';
import type { BenchContext } from '../harness/context.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { seededRandom } from '../harness/random.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import { messageSource } from '../logs/messages.ts';

const READ_BYTES = 1 << 20;
const SLOTS = 4;
/** Six times a read, so that a body always takes one read's records. */
const SLOT_BYTES = 24 << 20;

/** @param toMessage undefined leaves a message of the mixed corpus out */
function corpus(sizeBytes: number, toMessage: (message: string) => string | undefined): Buffer {
  const random = seededRandom(42);
  const next = messageSource(random);
  const chunks: Buffer[] = [];
  let length = 0;
  let ms = Date.parse('2026-11-21T10:00:00Z');
  while (length < sizeBytes) {
    const message = toMessage(next());
    if (message === undefined) continue;
    ms += random() * 3;
    const nanos = String((random() * 1e6) | 0).padStart(6, '0');
    const time = `${new Date(ms).toISOString().slice(0, -1)}${nanos}Z`;
    const line = Buffer.from(`${time} ${random() < 0.9 ? 'stdout' : 'stderr'} F ${message}\n`);
    chunks.push(line);
    length += line.length;
  }
  return Buffer.concat(chunks);
}

const json = (message: string) => (message.startsWith('{') ? message : undefined);

const CORPORA: Readonly<Record<string, (message: string) => string | undefined>> = {
  mixed: (message) => message,
  JSON: json,
  // What most loggers of Java and Node write: a member that every record has of its own.
  'JSON with message': (message) => json(message)?.replace('"msg":', '"message":'),
  // Two of the places where the encoder leaves its fast loop: letters beyond ASCII, and \u001b.
  Cyrillic: (message) => message.replaceAll(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0x3cf)),
  'ANSI colours': (message) => `\u001b[32m${message.replaceAll('=', '=\u001b[0m')}\u001b[0m`,
};

/** @returns bytes written */
type Work = (batch: Batch) => number;

interface Pass {
  /** Of each read. */
  readonly readMs: readonly number[];
  readonly bytesOutPerRecord: number;
}

/** Feeds the corpus to the kernel as reads would, and times framing and `work`. */
function pass(batch: Batch, bytes: Buffer, work: Work): Pass {
  const { kernel } = batch;
  const { input, readTime } = kernel.regions;
  const readMs: number[] = [];
  let bytesOut = 0;
  let records = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = Math.min(READ_BYTES, bytes.length - at);
    bytes.copy(kernel.memory, input.start, at, at + length);
    const before = performance.now();
    batch.reset();
    const framed = kernel.frameCri(input.start, length, at, readTime.start, 0, kernel.table.maxRows);
    const { consumedBytes } = framed;
    batch.hold(framed);
    bytesOut += work(batch);
    readMs.push(performance.now() - before);
    records += batch.rowCount;
    if (consumedBytes === 0) break;
    at += consumedBytes;
  }
  return { readMs, bytesOutPerRecord: bytesOut / records };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Of each read the fastest pass: whatever else runs on the machine can only add. */
function fastest(passes: readonly Pass[]): number {
  return sum(passes[0]!.readMs.map((_, read) => Math.min(...passes.map(({ readMs }) => readMs[read]!))));
}

function works(batch: Batch): Readonly<Record<string, Work>> {
  const encoder = new JsonLineEncoder(batch.kernel);
  let slot = 0;
  const all = ({ nextRow, writtenBytes }: EncodeResult) => {
    if (nextRow !== batch.rowCount) throw new Error(`encoded ${nextRow} of ${batch.rowCount} rows`);
    return writtenBytes;
  };
  const nextSlot = () => {
    slot = (slot + 1) % SLOTS;
    return batch.kernel.regions.slots[slot]!;
  };
  const encode = (shape: JsonLineShape) => {
    const { start, end } = nextSlot();
    return all(encoder.encode(shape, 0, batch.rowCount, start, end, end));
  };
  const deflate = (shape: JsonLineShape) => {
    const { start, end } = nextSlot();
    encoder.beginDeflate(start);
    let out = start + DEFLATE_BEGIN_BYTES;
    out += all(encoder.encodeDeflate(shape, 0, batch.rowCount, out, end, end));
    return out + encoder.endDeflate(out) - start;
  };
  const labels = { labels: 'x'.repeat(1000) };
  const short = testShape('none');
  const shortId = testShape('offset-hash');
  const long = testShape('none', labels);
  const longId = testShape('offset-hash', labels);
  const parseJson = new ParseJson({ target: '', onError: 'keep', keepMessage: true, reservedNames: DOCUMENT_PATHS });
  const uncounted = contextOf();
  return {
    frame: () => 0,
    'frame + encode, short constants': () => encode(short),
    'frame + encode, id, short constants': () => encode(shortId),
    'frame + encode, 1 KB constants': () => encode(long),
    'frame + encode, id, 1 KB constants': () => encode(longId),
    'frame + deflate, short constants': () => deflate(short),
    'frame + deflate, 1 KB constants': () => deflate(long),
    'frame + deflate, id, 1 KB constants': () => deflate(longId),
    'frame + parse_json': (rows) => {
      parseJson.apply(rows, uncounted);
      return 0;
    },
    'frame + parse_json + encode, short constants': (rows) => {
      parseJson.apply(rows, uncounted);
      return encode(short);
    },
  };
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      runs: { type: 'string', default: '9' },
      mebibytes: { type: 'string', default: '32' },
      wasm: { type: 'string', default: join(context.rootDir, 'packages/log-pipeline/dist/kernel.wasm') },
      twin: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  const kernel = createKernel({
    inputBytes: READ_BYTES,
    maxRows: 16_384,
    arenaBytes: 4 << 20,
    slots: SLOTS,
    slotBytes: SLOT_BYTES,
    wasm: values.twin ? undefined : loadKernel(values.wasm),
  });
  const batch = new Batch(kernel);
  const results = Object.entries(CORPORA).flatMap(([corpusName, toMessage]) => {
    const bytes = corpus(Number(values.mebibytes) << 20, toMessage);
    return Object.entries(works(batch)).map(([name, work]) => {
      pass(batch, bytes, work); // V8 compiles hot WebAssembly functions anew while they run
      const passes = Array.from({ length: Number(values.runs) }, () => pass(batch, bytes, work));
      const mbPerSecond = (ms: number) => bytes.length / 1e3 / ms;
      const medianOfPasses = mbPerSecond(median(passes.map(({ readMs }) => sum(readMs))));
      const { bytesOutPerRecord } = passes[0]!;
      return {
        corpus: corpusName,
        case: name,
        mbPerSecond: mbPerSecond(fastest(passes)),
        medianOfPasses,
        bytesOutPerRecord,
      };
    });
  });
  const corpora = Object.keys(CORPORA);
  const result = (name: string, corpusName: string) =>
    results.find((one) => one.case === name && one.corpus === corpusName)!;
  const bytesOut = ({ bytesOutPerRecord }: { readonly bytesOutPerRecord: number }) =>
    bytesOutPerRecord === 0 ? '' : bytesOutPerRecord.toFixed(0);
  const table = markdownTable(
    [`${kernel.kind}, MB/s of input`, ...corpora, 'bytes out per record (mixed)'],
    Object.keys(works(batch)).map((name) => [
      name,
      ...corpora.map((corpusName) => result(name, corpusName).mbPerSecond.toFixed(0)),
      bytesOut(result(name, 'mixed')),
    ]),
  );
  console.log(table);
  if (!values.save) return;
  const about = environment(context.rootDir);
  mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
  writeFileSync(
    join(context.rootDir, 'bench/results/kernel.json'),
    `${JSON.stringify({ environment: about, kind: kernel.kind, results }, null, 2)}\n`,
  );
  replaceSection(
    join(context.rootDir, 'docs/benchmarks.md'),
    'kernel',
    `${table}\n\n${about.summary}, Node ${about.harnessNode}.`,
  );
}
