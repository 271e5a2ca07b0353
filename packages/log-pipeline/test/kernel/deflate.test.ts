import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantBytesPerRecord, JsonLineEncoder, type JsonLineShape } from '../../src/encode/json-lines.ts';
import { deflateRecordBound, type Kernel, recordBound } from '../../src/kernel/kernel.ts';
import * as layout from '../../src/kernel/layout.ts';
import { KERNELS, SIZES, simdKernel, twinKernel } from './kernels.ts';
import { putRecords, type TestRecord, TIME, testRecord } from './records.ts';
import { SEEDED } from './seeded.ts';
import { testShape } from './shapes.ts';

const LARGE = { ...SIZES, inputBytes: 1 << 20, slotBytes: 8 << 20 };

interface Subject {
  readonly kernel: Kernel;
  readonly encoder: JsonLineEncoder;
}

const subject = (kernel: Kernel): Subject => ({ kernel, encoder: new JsonLineEncoder(kernel) });

/** Rows and the shape they are written with. */
interface Part {
  readonly records: readonly TestRecord[];
  readonly shape: JsonLineShape;
}

function jsonBound({ records, shape }: Part): number {
  return Math.max(
    0,
    ...records.map(
      ({ message, extra = '' }) =>
        constantBytesPerRecord(shape) + recordBound(message.length, Buffer.byteLength(extra), TIME.length),
    ),
  );
}

/** The parts as one zlib stream, a call each; the bytes behind the stream are checked to be untouched. */
function deflate({ kernel, encoder }: Subject, parts: readonly Part[]): Buffer {
  const { start, end } = kernel.regions.slots[0]!;
  const bound = parts.reduce(
    (sum, part) => sum + part.records.length * deflateRecordBound(jsonBound(part)),
    layout.DEFLATE_BEGIN_BYTES + layout.DEFLATE_END_BYTES,
  );
  const hardEnd = Math.min(end, start + bound);
  kernel.memory.fill(0xa5, start, hardEnd + layout.SLACK_BYTES);
  encoder.beginDeflate(start);
  expect(kernel.deflatedFrom).toBe(0);
  let out = start + layout.DEFLATE_BEGIN_BYTES;
  for (const { records, shape } of parts) {
    putRecords(kernel, records);
    const { nextRow, writtenBytes } = encoder.encodeDeflate(shape, 0, records.length, out, hardEnd, hardEnd);
    expect(nextRow).toBe(records.length);
    out += writtenBytes;
  }
  out += encoder.endDeflate(out);
  expect(kernel.memory.subarray(hardEnd, hardEnd + layout.SLACK_BYTES).every((byte) => byte === 0xa5)).toBe(true);
  return Buffer.from(kernel.memory.subarray(start, out));
}

/** What the stream must inflate to. */
function json({ kernel, encoder }: Subject, parts: readonly Part[]): Buffer {
  const { start, end } = kernel.regions.slots[1]!;
  return Buffer.concat(
    parts.map(({ records, shape }) => {
      putRecords(kernel, records);
      const { nextRow, writtenBytes } = encoder.encode(shape, 0, records.length, start, end, end);
      expect(nextRow).toBe(records.length);
      return Buffer.from(kernel.memory.subarray(start, start + writtenBytes));
    }),
  );
}

/** The zlib stream, after checking that it inflates to what `encode` writes (zlib checks the Adler-32). */
function checked(one: Subject, parts: readonly Part[]): Buffer {
  const stream = deflate(one, parts);
  const { deflatedFrom } = one.kernel;
  const expected = json(one, parts);
  const inflated = inflateSync(stream);
  expect(inflated.equals(expected), 'inflates to what encode writes').toBe(true);
  expect(deflatedFrom).toBe(expected.length);
  return stream;
}

const text = (length: number, byte = 'x') => Buffer.alloc(length, byte);

/** Incompressible-looking ASCII, so that a wrong distance cannot read the right bytes. */
function distinctText(length: number, seed: number): string {
  let state = seed + 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  }).join('');
}

const label = fc
  .tuple(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 1200 }), fc.nat({ max: 34_000 })), fc.nat({ max: 1000 }))
  .map(([length, seed]) => distinctText(length, seed));
const shapes = fc.array(
  fc
    .tuple(fc.constantFrom<JsonLineShape['id']>('none', 'offset-hash'), label)
    .map(([id, constants]) => testShape(id, { label: constants })),
  { minLength: 1, maxLength: 10 },
);
const longRecord = fc
  .tuple(
    testRecord,
    fc.constantFrom(5551, 5552, 5553, 16_000, 32_600, 32_768, 65_400, 65_536, 140_000),
    fc.nat({ max: 300 }),
  )
  .map(
    ([record, length, more]): TestRecord => ({
      ...record,
      message: Buffer.concat([record.message, text(length + more)]),
    }),
  );
const records = fc.array(fc.oneof({ weight: 30, arbitrary: testRecord }, { weight: 1, arbitrary: longRecord }), {
  maxLength: 6,
});

describe('encoding as a zlib stream', () => {
  const simd = subject(simdKernel(LARGE));
  const twin = subject(twinKernel(LARGE));

  it('gives the same bytes in SIMD as in TypeScript, and inflates to what encode writes', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.tuple(fc.nat(), records), { maxLength: 12 }), (ofStream, calls) => {
        const parts = calls.map(([pick, rows]) => ({ records: rows, shape: ofStream[pick % ofStream.length]! }));
        const bySimd = checked(simd, parts);
        expect(deflate(twin, parts).equals(bySimd)).toBe(true);
      }),
      { ...SEEDED, numRuns: 300 },
    );
  }, 120_000);
});

describe.each(KERNELS)('encoding as a zlib stream in %s', (_kind, create) => {
  const one = subject(create(LARGE));
  const { kernel, encoder } = one;
  const shape1k = testShape('none', { labels: distinctText(1000, 7) });
  const many = (count: number, messageBytes: number): TestRecord[] =>
    Array.from({ length: count }, (_, row) => ({ message: text(messageBytes), offset: row * 1000 }));

  it('writes golden bytes', () => {
    const constant = `,"pod":"${'p'.repeat(281)}","offset":`; // 300 bytes
    const stream = checked(one, [{ records: many(2, 2), shape: testShape('none', { pod: 'p'.repeat(281) }) }]);
    const upToConstant = `{"@timestamp":"${TIME}","stream":"stdout","message":"xx"`;
    expect(stream.toString('latin1')).toBe(
      [
        ...['\x78\x01', '\x00\xcd\x01\x32\xfe'], // zlib; a stored block of 461 bytes
        ...[upToConstant, constant, '0}\n', upToConstant],
        // A block with fixed codes: 258 and 42 bytes from 382 back, the end; then a stored block of 6 bytes.
        ...['\x1a\x0d\x7d\xe2\x43\x1f\x00', '\x06\x00\xf9\xff', '1000}\n'],
        ...['\x01\x00\x00\xff\xff', '\x6a\x6f\x2f\x83'], // the last block, empty; Adler-32
      ].join(''),
    );
  });

  it('writes an empty stream', () => {
    expect(checked(one, []).toString('hex')).toBe('780101' + '0000ffff' + '00000001');
    expect(checked(one, [{ records: [], shape: shape1k }]).length).toBe(
      layout.DEFLATE_BEGIN_BYTES + layout.DEFLATE_END_BYTES,
    );
  });

  it('repeats a constant of any length', () => {
    for (let length = 0; length <= 1100; length++) {
      // 15 bytes are around the label.
      const shape = testShape('none', { l: distinctText(length, length) });
      const whole = checked(one, [{ records: many(3, 5), shape }]);
      if (length > 100) expect(whole.length).toBeLessThan(length + 3 * 120);
    }
    for (const length of [10_000, 32_500, 32_600, 32_700, 33_000, 60_000]) {
      checked(one, [{ records: many(3, 5), shape: testShape('none', { l: distinctText(length, length) }) }]);
    }
  });

  it('takes constants that are empty everywhere', () => {
    const empty = Buffer.alloc(0);
    const shape: JsonLineShape = {
      ...testShape('none'),
      ...{ head: empty, stdout: empty, afterMessage: empty, beforeOffset: empty, tails: Array(8).fill(empty) },
    };
    checked(one, [{ records: many(40, 0), shape }]);
    const long = { ...shape, beforeOffset: Buffer.from(distinctText(30, 1)) };
    checked(one, [{ records: many(40, 0), shape: long }]);
  });

  it('sums the greatest bytes there can be without overflow', () => {
    const greatest = Buffer.alloc(30_000, 0xff);
    const shape: JsonLineShape = { ...testShape('none'), head: greatest, beforeOffset: greatest };
    checked(one, [{ records: many(20, 0), shape }]);
    checked(one, [{ records: many(20, 0), shape: { ...shape, head: greatest.subarray(0, 2000) } }]);
  });

  it('refers to a constant across the whole window and no further', () => {
    const shape = testShape('none', { l: distinctText(300, 3) });
    const recordBytes = (message: number) => json(one, [{ records: [{ message: text(message) }], shape }]).length;
    const exact = layout.DEFLATE_WINDOW_BYTES - recordBytes(0);
    const sizes = [-1, 0, 1].map((more) => {
      const second = { message: text(exact + more) };
      return checked(one, [{ records: [{ message: text(0) }, second], shape }]).length - more;
    });
    expect(sizes[0]).toBe(sizes[1]);
    expect(sizes[2]! - sizes[1]!).toBeGreaterThan(280);
  });

  it.each([
    ['of one block', 65_535],
    ['of two', 65_536],
    ['of three', 140_000],
  ])('stores runs %s', (_case, length) => {
    for (const shape of [testShape('none'), shape1k]) {
      const around = json(one, [{ records: [{ message: text(0) }], shape }]).length;
      for (const message of [length, length - around, length - around + 1, length - around - 1]) {
        checked(one, [{ records: [{ message: text(message) }], shape }]);
        checked(one, [{ records: [{ message: text(3) }, { message: text(message) }, { message: text(3) }], shape }]);
      }
    }
  });

  it('goes on with a stream in later calls, with shapes in turn and more of them than memory has places for', () => {
    const several = Array.from({ length: layout.SHAPE_SLOTS + 3 }, (_, index) =>
      testShape('offset-hash', { pod: distinctText(500, index) }),
    );
    for (const used of [several.slice(0, 3), several]) {
      const parts = [...used, ...used, ...used].map((shape) => ({ records: many(2, 20), shape }));
      const stream = checked(one, parts);
      // Each shape's constant is written once while they all stay loaded.
      if (used.length === 3) expect(stream.length).toBeLessThan(3 * 500 + parts.length * 2 * 170);
    }
  });

  it('refers to nothing of an earlier stream', () => {
    const part = { records: many(1, 10), shape: shape1k };
    const first = checked(one, [part]);
    expect(checked(one, [part]).equals(first)).toBe(true);
  });

  it('is small: a reference for a kilobyte of constants', () => {
    const count = 1000;
    const stream = checked(one, [{ records: many(count, 150), shape: shape1k }]);
    const literal = json(one, [{ records: many(count, 150), shape: shape1k }]).length / count - 1000;
    expect(stream.length / count - literal).toBeLessThan(22);
  });

  it('begins no record behind softEnd and none that might pass hardEnd', () => {
    const list = many(40, 30);
    const expected = json(one, [{ records: list, shape: shape1k }]);
    const { start, end } = kernel.regions.slots[0]!;
    const lines: Buffer[] = [];
    putRecords(kernel, list);
    for (let row = 0; row < list.length; ) {
      encoder.beginDeflate(start);
      const out = start + layout.DEFLATE_BEGIN_BYTES;
      const { nextRow, records, writtenBytes } = encoder.encodeDeflate(
        shape1k,
        row,
        list.length,
        out,
        start + 1500,
        end,
      );
      expect(records).toBe(nextRow - row);
      const written = writtenBytes + encoder.endDeflate(out + writtenBytes);
      expect(writtenBytes).toBeLessThan(1500 + 200);
      lines.push(inflateSync(kernel.memory.subarray(start, out + written)));
      row = nextRow;
    }
    expect(Buffer.concat(lines).equals(expected)).toBe(true);
    expect(lines.length).toBeLessThan(list.length / 2);

    const bound = deflateRecordBound(jsonBound({ records: [list[0]!], shape: shape1k }));
    encoder.beginDeflate(start);
    const none = { nextRow: 0, records: 0, writtenBytes: 0 };
    expect(encoder.encodeDeflate(shape1k, 0, 1, start + 2, end, start + 2 + bound - 1)).toEqual(none);
    expect(encoder.encodeDeflate(shape1k, 0, 1, start + 2, start + 2, end)).toEqual(none);
    expect(encoder.encodeDeflate(shape1k, 0, 1, start + 2, end, start + 2 + bound).records).toBe(1);
  });

  it('leaves room for the end of the stream when records grow as much as they can', () => {
    const shape = testShape('offset-hash');
    for (const length of [0, 1, 40, 10_900, 10_923, 21_900]) {
      for (const byte of ['\0', '"', 'a']) {
        const list = [{ message: text(length, byte), offset: Number.MAX_SAFE_INTEGER, flags: 0x1c }];
        checked(one, [{ records: list, shape }]);
      }
    }
  });
});
