/** Bytes to the disk and nothing else: through a disk buffer, and by write and fsync alone. */
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../packages/core/src/clock.ts';
import { DiskBuffer } from '../../packages/log-pipeline/src/buffer/disk-buffer.ts';
import type { BufferFile, BufferFs } from '../../packages/log-pipeline/src/buffer/fs.ts';
import { seededRandom } from '../harness/random.ts';
import { quantile } from '../harness/statistics.ts';
import { withFolder } from '../logs/workshop.ts';

export interface DiskRun {
  /** Of bodies. */
  readonly bytes: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Of the files of bodies; the buffer has fsyncs of its position and folder beside. */
  readonly bytesPerFsync: number;
  readonly fsyncs: number;
  readonly allFsyncs: number;
  readonly fsyncMs: { readonly median: number; readonly p99: number };
  /** Part of the wall time in which such an fsync was waited for. */
  readonly fsyncShare: number;
}

const MAX_BYTES = 512 * 1024 ** 2;
/** As many bodies as an agent with a few lanes has ready while an fsync runs. */
const APPENDS_AT_ONCE = 4;
const RECORD_BYTES = 200;

class Meter {
  readonly #wallStart = performance.now();
  readonly #cpuStart = process.cpuUsage();
  readonly #bodyFsyncMs: number[] = [];
  #otherFsyncs = 0;

  async fsync(isOfBodies: boolean, sync: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await sync();
    if (isOfBodies) this.#bodyFsyncMs.push(performance.now() - start);
    else this.#otherFsyncs++;
  }

  end(bytes: number): DiskRun {
    const wallMs = performance.now() - this.#wallStart;
    const { user, system } = process.cpuUsage(this.#cpuStart);
    const all = this.#bodyFsyncMs;
    return {
      bytes,
      wallSeconds: wallMs / 1e3,
      cpuSeconds: (user + system) / 1e6,
      bytesPerFsync: Math.round(bytes / all.length),
      fsyncs: all.length,
      allFsyncs: all.length + this.#otherFsyncs,
      fsyncMs: { median: quantile(all, 0.5), p99: quantile(all, 0.99) },
      fsyncShare: all.reduce((sum, ms) => sum + ms, 0) / wallMs,
    };
  }
}

/** Appends of several lanes into a buffer whose sink takes everything at once: written, fsynced, read again, removed. */
export function throughBuffer(totalBytes: number, bodyBytes: number): Promise<DiskRun> {
  return withFolder(async (folder) => {
    const body = bytesOfSeed(bodyBytes);
    const records = Math.ceil(bodyBytes / RECORD_BYTES);
    const recordBytes = new Uint32Array(records).fill(RECORD_BYTES);
    const meter = new Meter();
    let delivered = 0;
    const buffer = await DiskBuffer.open(
      join(folder, 'buffer'),
      { maxBytes: MAX_BYTES, whenFull: 'block', bodyKind: 'bench' },
      {
        fs: measured(meter),
        clock: systemClock,
        random: seededRandom(1),
        reports: {
          delivered: (_source, held) => {
            delivered += held.records;
          },
          dropped: (_source, reason) => fail(`dropped: ${reason}`),
          damaged: (kind) => fail(`damaged: ${kind}`),
          failed: (_operation, error) => fail('the disk fails', error),
          fault: (error) => fail('a defect', error),
          trouble: () => undefined,
        },
      },
    );
    buffer.start({ takesDeflate: true, maxInFlight: 4, deliver: () => Promise.resolve({ rejected: [] }) });
    const signal = new AbortController().signal;
    const count = Math.ceil(totalBytes / bodyBytes);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) {
        next++;
        await buffer.append({ source: 'pods', body, records, inflatedBytes: undefined, recordBytes }, signal);
      }
    };
    await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, lane));
    const run = meter.end(count * bodyBytes);
    while (!buffer.isEmpty) await systemClock.sleep(5);
    await buffer.close(signal);
    if (delivered !== count * records) fail(`${delivered} of ${count * records} records came out of the buffer`);
    return run;
  });
}

/** One file, written from its beginning to its end, with an fsync after every `bytesPerFsync`. */
export function plainWrites(totalBytes: number, bytesPerFsync: number): Promise<DiskRun> {
  return withFolder(async (folder) => {
    const bytes = bytesOfSeed(bytesPerFsync);
    const file = await fsPromises.open(join(folder, 'file'), 'wx');
    try {
      const meter = new Meter();
      let written = 0;
      for (; written < totalBytes; written += bytes.length) {
        await file.write(bytes, 0, bytes.length, written);
        await meter.fsync(true, () => file.sync());
      }
      return meter.end(written);
    } finally {
      await file.close();
    }
  });
}

/** The real file system, with a watch on its fsyncs. */
function measured(meter: Meter): BufferFs {
  return {
    mkdir: (path, options) => fsPromises.mkdir(path, options),
    readdir: (path) => fsPromises.readdir(path),
    readFile: (path) => fsPromises.readFile(path),
    rename: (from, to) => fsPromises.rename(from, to),
    unlink: (path) => fsPromises.unlink(path),
    open: async (path, flags, mode): Promise<BufferFile> => {
      const file = await fsPromises.open(path, flags, mode);
      const isOfBodies = path.endsWith('.segment');
      return {
        read: (bytes, offset, length, position) => file.read(bytes, offset, length, position),
        write: (bytes, offset, length, position) => file.write(bytes, offset, length, position),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        stat: () => file.stat(),
        sync: () => meter.fsync(isOfBodies, () => file.sync()),
        close: () => file.close(),
      };
    },
  };
}

/** What no disk can make smaller. */
function bytesOfSeed(length: number): Buffer {
  const random = seededRandom(7);
  return Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)));
}

function fail(what: string, cause?: unknown): never {
  throw new Error(what, { cause });
}
