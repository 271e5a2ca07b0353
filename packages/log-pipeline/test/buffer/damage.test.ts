import { errorCode } from '@vigie/core/errors';
import { FakeClock } from '@vigie/core/fake-clock';
import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, test } from 'vitest';
import { DiskBuffer } from '../../src/buffer/disk-buffer.ts';
import { SEEDED } from '../kernel/seeded.ts';
import { errno, FakeDisk } from './fake-disk.ts';

const FOLDER = '/data/buffers/out';
const SEGMENTS_BYTES = 64_000;
const SOURCES = ['pods', 'files'];
const KIND = 'elasticsearch, id: deterministic';
const HEADER_BYTES = 20 + KIND.length;

interface Stored {
  readonly body: string;
  readonly records: number;
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** What a process says of a buffer that it finds, drains and closes. */
interface Drained {
  readonly bodies: string[];
  readonly heldRecords: number;
  deliveredRecords: number;
  droppedRecords: number;
  readonly damagedBytes: { torn: number; corrupt: number };
  readonly troubles: (string | undefined)[];
}

/** A buffer on a disk on which things happen. */
class Bed {
  readonly disk = new FakeDisk();
  readonly clock = new FakeClock();
  readonly stored: Stored[] = [];
  readonly random: Random;
  #nextNumber = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  get segments(): readonly string[] {
    return this.disk.files.filter((file) => file.endsWith('.segment'));
  }

  /** Entries, each fsynced before the next, and a process that ends with them. */
  async store(count: number): Promise<void> {
    const { buffer } = await this.#open();
    for (let n = 0; n < count; n++) {
      const before = new Map(this.segments.map((file) => [file, this.disk.sizeOf(file)]));
      const { body, records, appended } = this.#append(buffer);
      await this.disk.quiesce();
      await appended;
      await this.clock.advance(1);
      const file = this.segments.at(-1) ?? '';
      const [start, end] = [before.get(file) ?? HEADER_BYTES, this.disk.sizeOf(file)];
      this.stored.push({ body, records, file, start, end });
    }
    await this.#close(buffer);
  }

  /** Entries that share a segment and an fsync; where they stand is not told. */
  async storeTogether(count: number): Promise<void> {
    const { buffer } = await this.#open();
    // What comes while this one is on its way is stored together.
    const appending = [this.#append(buffer), ...Array.from({ length: count }, () => this.#append(buffer))];
    await this.disk.quiesce();
    for (const { body, records, appended } of appending) {
      await appended;
      this.stored.push({ body, records, file: '', start: 0, end: 0 });
    }
    await this.#close(buffer);
  }

  #append(buffer: DiskBuffer): { readonly body: string; readonly records: number; readonly appended: Promise<void> } {
    const number = this.#nextNumber++;
    const records = 1 + this.below(5);
    const body = `${number} ${'x'.repeat(this.below(2000))}\n`;
    const entry = {
      source: SOURCES[number % 2] ?? '',
      body: Buffer.from(body),
      records,
      inflatedBytes: undefined,
      recordBytes: Uint32Array.from({ length: records }, () => this.below(1000)),
    };
    return { body, records, appended: buffer.append(entry, new AbortController().signal) };
  }

  async #open(): Promise<{ buffer: DiskBuffer; drained: Drained }> {
    const counts = { deliveredRecords: 0, droppedRecords: 0 };
    const bodies: string[] = [];
    const damagedBytes = { torn: 0, corrupt: 0 };
    const troubles: (string | undefined)[] = [];
    const options = { maxBytes: SEGMENTS_BYTES, whenFull: 'block', bodyKind: KIND } as const;
    const drained: Drained = { ...counts, bodies, damagedBytes, troubles, heldRecords: 0 };
    const opening = DiskBuffer.open(FOLDER, options, {
      fs: this.disk.fs,
      clock: this.clock,
      random: this.random,
      reports: {
        delivered: (_source, { records }) => {
          drained.deliveredRecords += records;
        },
        dropped: (_source, reason, { records }) => {
          expect(reason).toBe('buffer_corrupt');
          drained.droppedRecords += records;
        },
        damaged: (kind, _file, bytes) => {
          expect(bytes).toBeGreaterThan(0);
          damagedBytes[kind] += bytes;
        },
        trouble: (trouble) => troubles.push(trouble?.code),
        fault: (error) => {
          throw error;
        },
        failed: () => undefined,
      },
    });
    opening.catch(() => undefined);
    await this.disk.quiesce();
    const buffer = await opening;
    return { buffer, drained: Object.assign(drained, { heldRecords: buffer.held().records }) };
  }

  async #close(buffer: DiskBuffer): Promise<void> {
    const closing = buffer.close(new AbortController().signal);
    await this.disk.quiesce();
    await closing;
  }

  /** A process that sends all there is to a sink that takes everything.
   *  @param meanwhile happens between its start and the first entry */
  async drain(meanwhile: () => void = () => undefined, deliveries = Number.POSITIVE_INFINITY): Promise<Drained> {
    const { buffer, drained } = await this.#open();
    meanwhile();
    buffer.start({
      takesDeflate: true,
      maxInFlight: 2,
      deliver: (body) => {
        if (drained.bodies.length >= deliveries) return new Promise(() => undefined);
        drained.bodies.push(Buffer.from(body).toString());
        return Promise.resolve({ rejected: [] });
      },
    });
    for (let pass = 0; pass < 10; pass++) {
      await this.disk.quiesce();
      await this.clock.advance(5_000);
    }
    if (deliveries === Number.POSITIVE_INFINITY) {
      expect(buffer.isEmpty, 'everything is dealt with').toBe(true);
      expect(drained.deliveredRecords + drained.droppedRecords, 'held = delivered + dropped').toBe(drained.heldRecords);
      await this.#close(buffer);
      expect(this.disk.files).toEqual([`${FOLDER}/position`]);
    } else this.disk.kill();
    return drained;
  }

  /** Those of which nothing arrived; what arrived is what was written, once and in order. */
  missing({ bodies }: Drained): readonly Stored[] {
    const known = this.stored.map(({ body }) => body);
    const indexes = bodies.map((body) => known.indexOf(body));
    expect(indexes.filter((index) => index === -1)).toEqual([]);
    expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
    return this.stored.filter(({ body }) => !bodies.includes(body));
  }

  flip(file: string, at: number, mask: number): void {
    const bytes = this.disk.bytesOf(file);
    bytes[at] = (bytes[at] ?? 0) ^ mask;
    this.disk.overwrite(file, bytes);
  }

  cut(file: string, sizeBytes: number): void {
    this.disk.overwrite(file, this.disk.bytesOf(file).subarray(0, sizeBytes));
  }
}

async function bedOf(seed: number, entries = 40): Promise<Bed> {
  const bed = new Bed(seed);
  await bed.store(entries);
  expect(bed.segments.length).toBeGreaterThan(3);
  return bed;
}

const recordsOf = (entries: readonly Stored[]): number => entries.reduce((sum, { records }) => sum + records, 0);
const bytesOf = (entries: readonly Stored[]): number => entries.reduce((sum, { start, end }) => sum + end - start, 0);

describe('a damaged disk buffer', () => {
  test('undamaged, has everything', async () => {
    const bed = await bedOf(1);
    const drained = await bed.drain();
    expect(bed.missing(drained)).toEqual([]);
    expect(drained.damagedBytes).toEqual({ torn: 0, corrupt: 0 });
  });

  test('any byte flipped costs one entry at most, which is counted; the others arrive', async () => {
    for (let n = 0; n < 150; n++) {
      const seed = SEEDED.seed + n;
      const bed = await bedOf(seed);
      const file = bed.segments[bed.below(bed.segments.length)] ?? '';
      const at = bed.below(bed.disk.sizeOf(file));
      bed.flip(file, at, 1 << bed.below(8));
      const what = `FC_SEED=${seed}: ${file} ${at}`;
      const hit = bed.stored.filter((entry) => entry.file === file && entry.start <= at && at < entry.end);
      const drained = await bed.drain();
      expect(bed.missing(drained), what).toEqual(hit);
      const { torn, corrupt } = drained.damagedBytes;
      expect(torn + corrupt, what).toBe(hit.length === 0 ? HEADER_BYTES : bytesOf(hit));
      // What is written last may have been torn: behind it, or without a head before it, nothing tells.
      const mayBeTorn = bed.stored.slice(-2).some((entry) => entry.file === file);
      if (!mayBeTorn) expect(torn, what).toBe(0);
      expect([0, recordsOf(hit)], what).toContain(drained.droppedRecords);
    }
  }, 60_000);

  test('whatever happens to it while it is open, every record arrives or is counted as dropped', async () => {
    for (let n = 0; n < 150; n++) {
      const seed = SEEDED.seed + n;
      const bed = await bedOf(seed);
      const drained = await bed.drain(() => {
        for (let times = 1 + bed.below(6); times > 0; times--) damageSomehow(bed);
      });
      const missing = bed.missing(drained);
      expect(drained.heldRecords, `FC_SEED=${seed}`).toBe(recordsOf(bed.stored));
      expect(drained.droppedRecords, `FC_SEED=${seed}`).toBe(recordsOf(missing));
      expect(drained.damagedBytes.corrupt > 0, `FC_SEED=${seed}`).toBe(missing.length > 0);
    }
  }, 60_000);

  test('whatever happens to it while it is closed, drained in part or not, what was not touched arrives and the books are right', async () => {
    for (let n = 0; n < 150; n++) {
      const seed = SEEDED.seed + n;
      const bed = await bedOf(seed);
      const before = n % 2 === 0 ? [] : (await bed.drain(undefined, 1 + bed.below(20))).bodies;
      const damage = Array.from({ length: 1 + bed.below(6) }, () => damageSomehow(bed));
      const drained = await bed.drain();
      const missing = bed.missing({ ...drained, bodies: [...new Set([...before, ...drained.bodies])] });
      const isTouched = (entry: Stored): boolean =>
        damage.some((one) => {
          if (one === undefined || one.file !== entry.file) return false;
          // Without its header a segment says nothing of its bodies.
          return one.from < HEADER_BYTES || (one.from < entry.end && entry.start < one.to);
        });
      const what = `FC_SEED=${seed}: ${JSON.stringify(damage)}`;
      expect(
        missing.filter((entry) => !isTouched(entry)),
        what,
      ).toEqual([]);
      const leftOf = ({ file, start, end }: Stored): number => {
        const sizes = damage.flatMap((one) =>
          one?.file === file && one.to === Number.POSITIVE_INFINITY ? [one.from] : [],
        );
        return Math.max(0, Math.min(end, ...sizes) - start);
      };
      const { torn, corrupt } = drained.damagedBytes;
      expect(torn + corrupt, what).toBeGreaterThanOrEqual(missing.reduce((sum, entry) => sum + leftOf(entry), 0));
    }
  }, 60_000);
});

interface Damage {
  readonly file: string;
  readonly from: number;
  /** Infinity where nothing is left. */
  readonly to: number;
}

/** Never the version: that is a refusal of its own. */
function damageSomehow(bed: Bed): Damage | undefined {
  const file = bed.segments[bed.below(bed.segments.length)];
  if (file === undefined) return undefined;
  const size = bed.disk.sizeOf(file);
  if (size <= 12) return undefined;
  const from = 12 + bed.below(size - 12);
  const kind = bed.below(10);
  if (kind < 5) {
    bed.flip(file, from, 1 + bed.below(255));
    return { file, from, to: from + 1 };
  }
  if (kind < 7) {
    const to = Math.min(size, from + 1 + bed.below(4096));
    bed.disk.overwrite(file, bed.disk.bytesOf(file).fill(0, from, to));
    return { file, from, to };
  }
  if (kind < 9) {
    bed.cut(file, from);
    return { file, from, to: Number.POSITIVE_INFINITY };
  }
  bed.disk.remove(file);
  return { file, from: 0, to: Number.POSITIVE_INFINITY };
}

describe('a disk buffer finds', () => {
  test('the end of the newest segment torn: it is cut, told, and what was stored before arrives', async () => {
    const bed = await bedOf(2);
    const last = bed.stored.at(-1);
    if (last === undefined) throw new Error('nothing is stored');
    bed.cut(last.file, last.end - 3);
    const drained = await bed.drain();
    expect(bed.missing(drained)).toEqual([last]);
    expect(drained.damagedBytes).toEqual({ torn: last.end - last.start - 3, corrupt: 0 });
  });

  test('one of the entries that shared the last fsync damaged: it may be torn, and the others arrive, now and after a crash', async () => {
    const bed = await bedOf(8);
    await bed.storeTogether(4);
    const [first = '', ...others] = bed.stored.slice(-4).map(({ body }) => body);
    const file = bed.segments.at(-1) ?? '';
    bed.flip(file, bed.disk.bytesOf(file).indexOf(first) + 1, 1);
    const before = await bed.drain(undefined, 1);
    expect(before.damagedBytes.corrupt).toBe(0);
    expect(before.damagedBytes.torn).toBeGreaterThan(first.length);
    await bed.store(1);
    const drained = await bed.drain();
    expect(drained.damagedBytes).toEqual({ torn: 0, corrupt: 0 });
    expect(bed.missing({ ...drained, bodies: [...new Set([...before.bodies, ...drained.bodies])] })).toMatchObject([
      { body: first },
    ]);
    expect(drained.bodies).toEqual(expect.arrayContaining(others));
  });

  test('a segment missing: the others arrive', async () => {
    const bed = await bedOf(3);
    const gone = bed.segments[1] ?? '';
    bed.disk.remove(gone);
    const drained = await bed.drain();
    expect(bed.missing(drained)).toEqual(bed.stored.filter(({ file }) => file === gone));
  });

  test('a segment gone while it runs: its records are counted as dropped, and the others arrive', async () => {
    const bed = await bedOf(4);
    const gone = bed.segments[1] ?? '';
    const drained = await bed.drain(() => bed.disk.remove(gone));
    const missing = bed.missing(drained);
    expect(missing).toEqual(bed.stored.filter(({ file }) => file === gone));
    expect(drained.droppedRecords).toBe(recordsOf(missing));
  });

  test('the first page of a segment zeroed: its kind is not known any more, so its records are counted as dropped', async () => {
    const bed = await bedOf(5);
    const file = bed.segments[1] ?? '';
    bed.disk.overwrite(file, bed.disk.bytesOf(file).fill(0, 0, 100));
    const drained = await bed.drain();
    const missing = bed.missing(drained);
    const inFile = bed.stored.filter((entry) => entry.file === file);
    expect(missing).toEqual(inFile);
    expect(drained.droppedRecords).toBe(recordsOf(inFile.filter(({ start }) => start >= 100)));
    expect(drained.damagedBytes.corrupt).toBe(inFile.at(-1)?.end);
  });

  test('a segment of another version: it does not start, and leaves all as it is', async () => {
    const bed = await bedOf(6);
    const file = bed.segments[2] ?? '';
    const bytes = bed.disk.bytesOf(file);
    bytes.writeUInt32LE(2, 8);
    bytes.fill(7, 20, 40);
    bed.disk.overwrite(file, bytes);
    const before = bed.segments.map((each) => bed.disk.bytesOf(each).toString('latin1'));
    const error: unknown = await bed.drain().catch((caught: unknown) => caught);
    expect(errorCode(error)).toBe('BUFFER_VERSION');
    expect(bed.segments.map((each) => bed.disk.bytesOf(each).toString('latin1'))).toEqual(before);
  });

  test('the disk unreadable for a while: it says so, and nothing is lost', async () => {
    const bed = await bedOf(7);
    let failures = 3;
    const drained = await bed.drain(() => {
      bed.disk.fault = (operation) => {
        if (operation === 'read' && failures-- > 0) throw errno('EIO');
      };
    });
    expect(bed.missing(drained)).toEqual([]);
    expect(drained.troubles).toEqual(['EIO', 'EIO', 'EIO', undefined]);
  });
});
