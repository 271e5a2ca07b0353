import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantBytesPerRecord, JsonLineEncoder, type JsonLineShape } from '../../src/encode/json-lines.ts';
import { type Kernel, recordBound } from '../../src/kernel/kernel.ts';
import * as layout from '../../src/kernel/layout.ts';
import { adversarialBytes, ILL_FORMED } from './adversarial-bytes.ts';
import { KERNELS, simdKernel, twinKernel } from './kernels.ts';
import { putRecords, type TestRecord, TIME, testRecord } from './records.ts';
import { SEEDED } from './seeded.ts';
import { testShape } from './shapes.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const encoders = new WeakMap<Kernel, JsonLineEncoder>();

/** @returns the output; with the canary bytes around it checked */
function encode(kernel: Kernel, records: readonly TestRecord[], shape: JsonLineShape): Buffer {
  putRecords(kernel, records);
  const encoder = encoders.get(kernel) ?? new JsonLineEncoder(kernel);
  encoders.set(kernel, encoder);
  const { start, end } = kernel.regions.slots[0]!;
  const needed = records.reduce(
    (sum, { message, extra = '' }) =>
      sum + constantBytesPerRecord(shape) + recordBound(message.length, Buffer.byteLength(extra), TIME.length),
    0,
  );
  const hardEnd = Math.min(end, start + needed);
  kernel.memory.fill(0xa5, start, hardEnd + 64);
  const { nextRow, records: written, writtenBytes } = encoder.encode(shape, 0, records.length, start, hardEnd, hardEnd);
  expect(nextRow).toBe(records.length);
  const skipped = layout.FLAG_DROPPED | layout.FLAG_FRAGMENT;
  expect(written).toBe(records.filter(({ flags = 0 }) => (flags & skipped) === 0).length);
  expect(kernel.memory.subarray(hardEnd, hardEnd + 64).every((byte) => byte === 0xa5)).toBe(true);
  return Buffer.from(kernel.memory.subarray(start, start + writtenBytes));
}

/** What the records mean, by way of TextDecoder and JSON.stringify: neither half of the kernel is involved. */
function oracle(records: readonly TestRecord[], withId: boolean, kernel: Kernel): unknown[] {
  return records.flatMap(({ message, flags = 0, offset = 0, extra = '' }, row) => {
    if ((flags & (layout.FLAG_DROPPED | layout.FLAG_FRAGMENT)) !== 0) return [];
    const hash = kernel.hash64(kernel.table.messageStart(row), message.length);
    const marks = (['truncated', 'unparsed', 'partial'] as const).filter((_, bit) => ((flags >> 2) & (1 << bit)) !== 0);
    return [
      {
        ...(withId
          ? { id: `prefix-${offset.toString(16).padStart(12, '0').slice(-12)}-${hash.toString(16).padStart(16, '0')}` }
          : {}),
        '@timestamp': TIME,
        stream: (flags & layout.FLAG_STDERR) !== 0 ? 'stderr' : 'stdout',
        ...((flags & layout.FLAG_HIDE_MESSAGE) === 0 ? { message: decoder.decode(message) } : {}),
        ...(extra === '' ? {} : JSON.parse(`{${extra}}`)),
        offset,
        ...(marks.length === 0 ? {} : { flags: marks }),
      },
    ];
  });
}

describe('encoding JSON lines', () => {
  const simd = simdKernel();
  const twin = twinKernel();

  it('gives the same bytes in SIMD as in TypeScript, and what JSON.parse and TextDecoder say', () => {
    fc.assert(
      fc.property(
        fc.array(testRecord, { maxLength: 6 }),
        fc.constantFrom<JsonLineShape['id']>('none', 'offset-hash'),
        fc.string({ maxLength: 200 }),
        (records, id, label) => {
          const shape = testShape(id, { label });
          const bySimd = encode(simd, records, shape);
          expect(encode(twin, records, shape).equals(bySimd)).toBe(true);
          const lines = bySimd.toString('utf8').split('\n');
          expect(lines.pop()).toBe('');
          const expected = oracle(records, id === 'offset-hash', simd);
          expect(lines.map((line) => withoutLabel(JSON.parse(line), label))).toEqual(expected);
        },
      ),
      { ...SEEDED, numRuns: 1000 },
    );
  });

  it('escapes as JSON.stringify does', () => {
    fc.assert(
      fc.property(adversarialBytes, (message) => {
        const text = encode(simd, [{ message }], testShape('none')).toString('utf8');
        // JSON.stringify writes the same short escapes and the same lower-case \u00xx; decoding first removes what
        // is ill-formed, lone surrogates included.
        expect(text).toContain(`"message":${JSON.stringify(decoder.decode(message))},"offset":0}`);
      }),
      { ...SEEDED, numRuns: 1000 },
    );
  });
});

function withoutLabel(value: unknown, label: string): unknown {
  const { label: written, ...rest } = value as Record<string, unknown>;
  expect(written).toBe(label);
  return rest;
}

describe.each(KERNELS)('encoding in %s', (_kind, create) => {
  const kernel = create();
  const message = (bytes: Uint8Array) => {
    const text = encode(kernel, [{ message: bytes }], testShape('none')).toString('latin1');
    const prefix = `{"@timestamp":"${TIME}","stream":"stdout","message":"`;
    const suffix = '","offset":0}\n';
    expect(text.startsWith(prefix) && text.endsWith(suffix)).toBe(true);
    return Buffer.from(text.slice(prefix.length, -suffix.length), 'latin1');
  };

  it.each([
    ['quotes and backslashes', '22 5c', '5c 22 5c 5c'],
    ['controls with a short form', '08 09 0a 0c 0d', '5c 62 5c 74 5c 6e 5c 66 5c 72'],
    ['controls without one', '00 1b 1f', '5c 75 30 30 30 30 5c 75 30 30 31 62 5c 75 30 30 31 66'],
    ['DEL, which JSON allows', '7f', '7f'],
    ['valid two, three and four byte characters', 'c3a9 e282ac f09f9880', 'c3a9 e282ac f09f9880'],
    ['a byte order mark', 'efbbbf 61', 'efbbbf 61'],
    ['line and paragraph separators', 'e280a8 e280a9', 'e280a8 e280a9'],
    ['a cut character', '61 e282', '61 efbfbd'],
    ['a cut character before a quote', 'e282 22', 'efbfbd 5c22'],
    ['an overlong slash', 'c0af', 'efbfbd efbfbd'],
    ['a surrogate', 'eda080', 'efbfbd efbfbd efbfbd'],
    ['nothing', '', ''],
  ])('writes %s', (_case, from, to) => {
    const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(message(bytes(from)).toString('hex')).toBe(bytes(to).toString('hex'));
  });

  it('writes every byte value at every place of a vector', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.concat(
        Array.from({ length: 17 }, (_, gap) => Buffer.concat([Buffer.of(byte), Buffer.alloc(gap, 'x')])),
      );
      expect(JSON.parse(`"${message(bytes).toString('utf8')}"`)).toBe(decoder.decode(bytes));
    }
  });

  it.each(Object.entries(ILL_FORMED))('replaces %s at every place of a vector', (_case, bytes) => {
    for (let before = 0; before <= 33; before++) {
      for (const after of [0, 1, 15, 16]) {
        const whole = Buffer.concat([Buffer.alloc(before, 'a'), bytes, Buffer.alloc(after, 'é')]);
        expect(JSON.parse(`"${message(whole).toString('utf8')}"`)).toBe(decoder.decode(whole));
      }
    }
  });

  it('writes runs of quotes of every length', () => {
    for (let length = 0; length <= 70; length++) {
      const bytes = Buffer.alloc(length, '"\\');
      expect(JSON.parse(`"${message(bytes).toString('utf8')}"`)).toBe(bytes.toString());
    }
  });

  it('writes golden bytes for a record with all members', () => {
    const records = [
      {
        message: Buffer.from('caf\xe9 "x"', 'latin1'),
        flags: layout.FLAG_STDERR | layout.FLAG_TRUNCATED | layout.FLAG_PARTIAL,
        offset: 1_234_567_890_123,
        extra: '"level":"info"',
      },
      { message: Buffer.from('hidden'), flags: layout.FLAG_HIDE_MESSAGE, offset: 7, extra: '"n":1' },
      { message: Buffer.from('gone'), flags: layout.FLAG_DROPPED },
      { message: Buffer.from('half'), flags: layout.FLAG_FRAGMENT },
      { message: Buffer.from('raw'), flags: layout.FLAG_UNPARSED, offset: 99 },
    ];
    expect(encode(kernel, records, testShape('offset-hash', { pod: 'web-1' })).toString()).toBe(
      [
        `{"id":"prefix-011f71fb04cb-1ae71b9d731d12cf","@timestamp":"${TIME}","stream":"stderr","message":"caf\ufffd \\"x\\"","level":"info","pod":"web-1","offset":1234567890123,"flags":["truncated","partial"]}`,
        `{"id":"prefix-000000000007-ac71ba9fe6fa6e9f","@timestamp":"${TIME}","stream":"stdout","n":1,"pod":"web-1","offset":7}`,
        `{"id":"prefix-000000000063-67be920e14d52a62","@timestamp":"${TIME}","stream":"stdout","message":"raw","pod":"web-1","offset":99,"flags":["unparsed"]}`,
        '',
      ].join('\n'),
    );
  });

  it('begins no record behind softEnd and none that might pass hardEnd', () => {
    const shape = testShape('none');
    const records = Array.from({ length: 20 }, (_, row) => ({ message: Buffer.alloc(row * 3, 'm'), offset: row }));
    const all = encode(kernel, records, shape).toString().split('\n').slice(0, -1);
    const encoder = encoders.get(kernel)!;
    const { start, end } = kernel.regions.slots[1]!;
    const seen: string[] = [];
    for (let row = 0; row < records.length; ) {
      const result = encoder.encode(shape, row, records.length, start, start + 250, end);
      const text = kernel.memory.toString('utf8', start, start + result.writtenBytes);
      const lines = text.split('\n').slice(0, -1);
      expect(lines.length).toBe(result.records);
      expect(text.length - lines.at(-1)!.length - 1).toBeLessThan(250);
      seen.push(...lines);
      row = result.nextRow;
    }
    expect(seen).toEqual(all);

    const bound = constantBytesPerRecord(shape) + recordBound(0, 0, TIME.length);
    expect(encoder.encode(shape, 0, 1, start, end, start + bound - 1)).toEqual({
      nextRow: 0,
      records: 0,
      writtenBytes: 0,
    });
    expect(encoder.encode(shape, 0, 1, start, end, start + bound).records).toBe(1);
  });

  it('touches nothing behind hardEnd when a record grows as much as it can', () => {
    for (let length = 0; length <= 40; length++) {
      for (const byte of [0, 0x22, 0x80, 0x61]) {
        const records = [{ message: Buffer.alloc(length, byte), offset: Number.MAX_SAFE_INTEGER, flags: 0x1c }];
        expect(() => encode(kernel, records, testShape('offset-hash'))).not.toThrow();
      }
    }
  });

  it('writes offsets around every power of ten and every group of eight digits', () => {
    const edges = Array.from({ length: 16 }, (_, power) => 10 ** power);
    const groups = [1, 7, 12_345_678, 90_071_991, 90_071_992].map((n) => n * 1e8);
    for (const edge of [...edges, ...groups, 2 ** 32, 2 ** 53]) {
      for (const offset of [edge - 1, edge, edge + 1]) {
        if (offset > Number.MAX_SAFE_INTEGER) continue;
        const text = encode(kernel, [{ message: Buffer.alloc(0), offset }], testShape('none')).toString();
        expect(text).toContain(`"offset":${offset}}`);
      }
    }
  });
});
