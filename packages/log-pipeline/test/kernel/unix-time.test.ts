/** Times of records as numbers, for sinks whose protocol wants them so. */
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonLineEncoder, type JsonLineShape } from '../../src/encode/json-lines.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { readUnixTime } from '../../src/kernel/unix-time.ts';
import { KERNELS } from './kernels.ts';
import { SEEDED } from './seeded.ts';
import { testShape } from './shapes.ts';

type Form = 'unix_seconds' | 'unix_nanos';

/** One record with this time, as text up to the stream. */
function encodeTime(kernel: Kernel, encoder: JsonLineEncoder, text: string, form: Form, deflated = false): string {
  const shape: JsonLineShape = { ...testShape('none'), time: form };
  const { memory, table, arena, regions } = kernel;
  arena.reset();
  // At the region's end, where reading too far would show.
  const time = regions.input.end - text.length;
  memory.write(text, time, 'latin1');
  table.setLine(0, time, time);
  table.setTime(0, time, text.length);
  table.setMessage(0, time, 0);
  table.setFlags(0, 0);
  table.setRawBytes(0, text.length);
  table.setOffset(0, 0);
  table.setExtra(0, 0, 0);
  const { start, end } = regions.slots[0]!;
  let written: Buffer;
  if (deflated) {
    encoder.beginDeflate(start);
    const { writtenBytes } = encoder.encodeDeflate(shape, 0, 1, start + 2, end, end);
    const endBytes = encoder.endDeflate(start + 2 + writtenBytes);
    written = inflateSync(memory.subarray(start, start + 2 + writtenBytes + endBytes));
  } else {
    const { writtenBytes } = encoder.encode(shape, 0, 1, start, end, end);
    written = memory.subarray(start, start + writtenBytes);
  }
  return /^\{"@timestamp":"([^"]*)"/.exec(written.toString('latin1'))?.[1] ?? '';
}

const digits = (length: number) => fc.nat({ max: 10 ** length - 1 }).map((n) => String(n).padStart(length, '0'));
const zone = fc.oneof(
  fc.constant('Z'),
  fc.tuple(fc.constantFrom('+', '-'), digits(2), digits(2)).map(([sign, hour, minute]) => `${sign}${hour}:${minute}`),
);
const fraction = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^[0-9]{1,12}$/).map((text) => `.${text}`),
);
const timeText = fc
  .tuple(digits(4), digits(2), digits(2), digits(2), digits(2), digits(2), fraction, zone)
  .map(([year, month, day, hour, minute, second, nanos, at]) =>
    [`${year}-${month}-${day}T${hour}:${minute}:${second}`, nanos, at].join(''),
  );

/** By way of Date, which counts over as well. */
function unixNanos(text: string): bigint {
  const match = /^(....)-(..)-(..)T(..):(..):(..)(?:\.(\d+))?(?:Z|([+-])(..):(..))$/.exec(text);
  if (match === null) throw new Error(text);
  const [, year, month, day, hour, minute, second, nanos = '', sign, offsetHour, offsetMinute] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const offset = sign === undefined ? 0 : (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -1 : 1);
  const seconds = date.getTime() / 1000 - offset * 60;
  return seconds < 0 ? 0n : BigInt(seconds) * 1_000_000_000n + BigInt(nanos.slice(0, 9).padEnd(9, '0'));
}

const MAX = 2n ** 63n - 1n;

describe.each(KERNELS)('Unix time in %s', (_kind, create) => {
  const kernel = create();
  const encoder = new JsonLineEncoder(kernel);

  it('is what Date says, in every form', () => {
    fc.assert(
      fc.property(timeText, fc.boolean(), (text, deflated) => {
        const nanos = unixNanos(text);
        expect(encodeTime(kernel, encoder, text, 'unix_nanos', deflated)).toBe(String(nanos < MAX ? nanos : MAX));
        const fractional = String(nanos % 1_000_000_000n).padStart(9, '0');
        const seconds = `${nanos / 1_000_000_000n}.${fractional}`;
        expect(encodeTime(kernel, encoder, text, 'unix_seconds', deflated)).toBe(seconds);
      }),
      { ...SEEDED, numRuns: 2000 },
    );
  });

  it.each([
    ['2026-11-21T10:00:00.123456789Z', '1795255200123456789', '1795255200.123456789'],
    ['2026-11-21T10:00:00Z', '1795255200000000000', '1795255200.000000000'],
    ['2026-11-21T10:00:00.5-05:00', '1795273200500000000', '1795273200.500000000'],
    ['2024-02-29T23:59:60Z', '1709251200000000000', '1709251200.000000000'],
    ['1970-01-01T00:00:00.000000007Z', '7', '0.000000007'],
    ['1969-12-31T23:59:59.9Z', '0', '0.000000000'],
    ['0000-00-00T00:00:00Z', '0', '0.000000000'],
    ['2262-04-11T23:47:16.854775807Z', '9223372036854775807', '9223372036.854775807'],
    ['2262-04-11T23:47:16.854775808Z', '9223372036854775807', '9223372036.854775808'],
    ['9999-12-31T23:59:59.999999999Z', '9223372036854775807', '253402300799.999999999'],
    ['', '0', '0.000000000'],
  ])('writes %s as %s and %s', (text, nanos, seconds) => {
    expect(encodeTime(kernel, encoder, text, 'unix_nanos')).toBe(nanos);
    expect(encodeTime(kernel, encoder, text, 'unix_seconds')).toBe(seconds);
  });

  it('writes no byte beyond what it was given, at the largest a time may become', () => {
    const shape: JsonLineShape = { ...testShape('none'), time: 'unix_seconds' };
    encodeTime(kernel, encoder, '9999-99-99T99:99:99.999999999-99:99', 'unix_seconds');
    const { start, end } = kernel.regions.slots[0]!;
    kernel.memory.fill(0xa5, start, end);
    let room = 0;
    while (encoder.encode(shape, 0, 1, start, end, start + room).records === 0) room++;
    expect(kernel.memory.subarray(start + room, start + room + 64).every((byte) => byte === 0xa5)).toBe(true);
  });
});

it('reads times that no text can be as the nearest one', () => {
  const time = { seconds: 1, nanos: 1 };
  readUnixTime(Buffer.from('2026-11-21'), 0, 10, time);
  expect(time).toEqual({ seconds: 0, nanos: 0 });
});
