import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { FLAG_FRAGMENT, FLAG_STDERR, FLAG_UNPARSED } from '../../src/kernel/layout.ts';
import { adversarialLine } from './adversarial-bytes.ts';
import {
  KERNELS,
  putInput,
  putReadTime,
  READ_TIME,
  type RowSnapshot,
  simdKernel,
  snapshotRow,
  twinKernel,
} from './kernels.ts';
import { SEEDED } from './seeded.ts';

interface Framed {
  readonly rows: readonly RowSnapshot[];
  readonly consumedBytes: number;
  readonly fragmentRows: number;
  readonly unparsedRows: number;
}

function frame(
  kernel: Kernel,
  how: 'frameCri' | 'frameLines',
  bytes: Uint8Array,
  base = 0,
  endGap?: number,
  maxRows = 1024,
): Framed {
  const result = kernel[how](putInput(kernel, bytes, endGap), bytes.length, base, ...putReadTime(kernel), maxRows);
  const { rows, ...counts } = result;
  return { ...counts, rows: Array.from({ length: rows }, (_, row) => snapshotRow(kernel, row)) };
}

/** An independent reading of the CRI format: one regular expression per line, on latin1 so that bytes are characters. */
const CRI =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([PF])(?::[^ \n]*)? ([^\n]*)$/;

function oracle(bytes: Uint8Array, base: number): RowSnapshot[] {
  const text = Buffer.from(bytes).toString('latin1');
  let offset = base;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const match = CRI.exec(line);
      const row = {
        line: `${line}\n`,
        time: match?.[1] ?? READ_TIME,
        message: match?.[4] ?? line,
        flags:
          match === null
            ? FLAG_UNPARSED
            : (match[2] === 'stderr' ? FLAG_STDERR : 0) | (match[3] === 'P' ? FLAG_FRAGMENT : 0),
        rawBytes: line.length + 1,
        offset,
        extra: '',
      };
      offset += line.length + 1;
      return row;
    });
}

const digit = fc.integer({ min: 0, max: 9 });
const timestamp = fc
  .tuple(
    fc.array(digit, { minLength: 14, maxLength: 14 }),
    fc.option(fc.array(digit, { minLength: 1, maxLength: 9 }), { nil: undefined }),
    fc.constantFrom('Z', '+02:00', '-05:30', '+00:00'),
  )
  .map(([d, fraction, zone]) => {
    const s = d.join('');
    const seconds = `${s.slice(0, 4)}-${s.slice(4, 6)}-${s.slice(6, 8)}T${s.slice(8, 10)}:${s.slice(10, 12)}:${s.slice(12)}`;
    return `${seconds}${fraction === undefined ? '' : `.${fraction.join('')}`}${zone}`;
  });
const header = fc
  .tuple(
    timestamp,
    fc.constantFrom('stdout', 'stderr'),
    fc.constantFrom('F', 'P', 'F:', 'P:', 'F:x', 'P:a:b', 'F:long-tag-of-later'),
  )
  .map(([time, stream, tag]) => Buffer.from(`${time} ${stream} ${tag} `));

/** A header with one byte changed, one removed, one added, or its end cut off. */
const nearHeader = fc
  .tuple(
    header,
    fc.nat(),
    fc.constantFrom('change', 'remove', 'insert', 'cut'),
    fc.oneof(
      fc.constantFrom(...Array.from(' :.ZFP-+09T\t/')),
      fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
    ),
  )
  .map(([bytes, where, how, byte]) => {
    const at = where % bytes.length;
    const before = bytes.subarray(0, at);
    if (how === 'cut') return before;
    const middle = how === 'remove' ? Buffer.alloc(0) : Buffer.from(byte);
    return Buffer.concat([before, middle, bytes.subarray(how === 'insert' ? at : at + 1)]);
  });
const noHeader = fc.constant(Buffer.alloc(0));
const line = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: header },
      { weight: 2, arbitrary: nearHeader },
      { weight: 1, arbitrary: noHeader },
    ),
    adversarialLine,
  )
  .map(([head, content]) => Buffer.concat([head, content]));
const input = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.boolean())
  .map(([lines, complete]) =>
    Buffer.concat(
      lines.flatMap((bytes, i) => (i < lines.length - 1 || complete ? [bytes, Buffer.from('\n')] : [bytes])),
    ),
  );
const base = fc.oneof(
  fc.constant(0),
  fc.maxSafeNat().map((n) => Math.max(0, n - 1e6)),
);

describe('framing', () => {
  const simd = simdKernel();
  const twin = twinKernel();

  it('gives the same rows in SIMD as in TypeScript and as a regular expression', () => {
    fc.assert(
      fc.property(input, base, fc.option(fc.nat({ max: 40 }), { nil: undefined }), (bytes, offset, endGap) => {
        const bySimd = frame(simd, 'frameCri', bytes, offset, endGap);
        expect(bySimd).toEqual(frame(twin, 'frameCri', bytes, offset, endGap));
        expect(bySimd.rows).toEqual(oracle(bytes, offset));
        expect(bySimd.consumedBytes).toBe(bytes.lastIndexOf(0x0a) + 1);
        expect(bySimd.fragmentRows).toBe(bySimd.rows.filter(({ flags }) => (flags & FLAG_FRAGMENT) !== 0).length);
        expect(bySimd.unparsedRows).toBe(bySimd.rows.filter(({ flags }) => (flags & FLAG_UNPARSED) !== 0).length);

        const lines = frame(simd, 'frameLines', bytes, offset, endGap);
        expect(lines).toEqual(frame(twin, 'frameLines', bytes, offset, endGap));
        expect(lines.rows.map(({ message }) => `${message}\n`)).toEqual(bySimd.rows.map((row) => row.line));
      }),
      { ...SEEDED, numRuns: 1000 },
    );
  });

  it('gives the same records wherever reads cut the bytes', () => {
    fc.assert(
      fc.property(input, (bytes) => {
        const whole = frame(simd, 'frameCri', bytes).rows;
        for (const kernel of [simd, twin]) {
          for (let cut = 0; cut <= bytes.length; cut++) {
            const first = frame(kernel, 'frameCri', bytes.subarray(0, cut), 0, 0);
            const { consumedBytes } = first;
            const second = frame(kernel, 'frameCri', bytes.subarray(consumedBytes), consumedBytes, 0);
            expect([...first.rows, ...second.rows]).toEqual(whole);
          }
        }
      }),
      { ...SEEDED, numRuns: 50 },
    );
  });

  it('is not misled by a whole line that an earlier read left behind the input', () => {
    const stale = Buffer.from('2026-11-21T10:00:00.123456789Z stdout F stale\n');
    for (const kernel of [simd, twin]) {
      for (let length = 0; length < stale.length; length++) {
        const start = putInput(kernel, stale);
        const result = kernel.frameCri(start, length, 0, ...putReadTime(kernel), 10);
        expect(result).toEqual({ rows: 0, consumedBytes: 0, fragmentRows: 0, unparsedRows: 0 });
      }
    }
  });
});

describe.each(KERNELS)('framing in %s', (_kind, create) => {
  const kernel = create();
  const only = (text: string) => {
    const framed = frame(kernel, 'frameCri', Buffer.from(text));
    expect(framed.rows.length).toBe(1);
    const { time, flags, message } = framed.rows[0]!;
    return { time, flags, message };
  };

  it.each([
    ['2026-11-21T10:00:00.123456789Z stdout F hello\n', '2026-11-21T10:00:00.123456789Z', 0, 'hello'],
    [
      '2026-11-21T10:00:00.1Z stderr F trimmed nanoseconds\n',
      '2026-11-21T10:00:00.1Z',
      FLAG_STDERR,
      'trimmed nanoseconds',
    ],
    ['2026-11-21T10:00:00Z stdout P whole seconds\n', '2026-11-21T10:00:00Z', FLAG_FRAGMENT, 'whole seconds'],
    ['2026-11-21T10:00:00.123456789-05:00 stdout F zone\n', '2026-11-21T10:00:00.123456789-05:00', 0, 'zone'],
    [
      '2026-11-21T10:00:00.12+05:30 stderr P zone\n',
      '2026-11-21T10:00:00.12+05:30',
      FLAG_STDERR | FLAG_FRAGMENT,
      'zone',
    ],
    ['2026-11-21T10:00:00.123456789Z stdout F:x tagged\n', '2026-11-21T10:00:00.123456789Z', 0, 'tagged'],
    ['2026-11-21T10:00:00.123456789Z stdout P:x:y tagged\n', '2026-11-21T10:00:00.123456789Z', FLAG_FRAGMENT, 'tagged'],
    ['2026-11-21T10:00:00.123456789Z stdout F \n', '2026-11-21T10:00:00.123456789Z', 0, ''],
    ['2026-11-21T10:00:00.123456789Z stdout F  two spaces \r\n', '2026-11-21T10:00:00.123456789Z', 0, ' two spaces \r'],
  ])('reads %j', (text, time, flags, message) => {
    expect(only(text)).toEqual({ time, flags, message });
  });

  it.each([
    '',
    'plain text',
    '2026-11-21T10:00:00.123456789Z stdout F',
    '2026-11-21T10:00:00.123456789Z stdout F:x',
    '2026-11-21T10:00:00.123456789Z stdout X tag',
    '2026-11-21T10:00:00.123456789Z stdout FF tag',
    '2026-11-21T10:00:00.123456789Z stdin F stream',
    '2026-11-21T10:00:00.123456789Z  stdout F space',
    '2026-11-21T10:00:00.1234567890Z stdout F ten digits',
    '2026-11-21T10:00:00.Z stdout F no digits',
    '2026-11-21T10:00:00 stdout F no zone',
    '2026-11-21T10:00:00+0200 stdout F zone without colon',
    '2026-11-21 10:00:00Z stdout F no T',
    '2026-11-21T10:00:0xZ stdout F letter',
    '{"log":"docker\\n","stream":"stdout","time":"2026-11-21T10:00:00.1Z"}',
  ])('keeps %j whole as unparsed', (text) => {
    expect(only(`${text}\n`)).toEqual({ time: READ_TIME, flags: FLAG_UNPARSED, message: text });
  });

  it('stops at the row limit and tells how far it came', () => {
    const text = '2026-11-21T10:00:00Z stdout F a\n';
    const framed = frame(kernel, 'frameCri', Buffer.from(text.repeat(5)), 100, undefined, 3);
    expect(framed.rows.map(({ offset }) => offset)).toEqual([100, 132, 164]);
    expect(framed.consumedBytes).toBe(96);
  });

  it('consumes nothing of a line without newline, or of nothing', () => {
    expect(frame(kernel, 'frameCri', Buffer.from('2026-11-21T10:00:00Z stdout F a')).consumedBytes).toBe(0);
    expect(frame(kernel, 'frameLines', Buffer.alloc(0))).toEqual({
      rows: [],
      consumedBytes: 0,
      fragmentRows: 0,
      unparsedRows: 0,
    });
  });
});
