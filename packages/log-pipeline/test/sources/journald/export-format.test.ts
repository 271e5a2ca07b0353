import { seededRandom } from '@vigie/core/random';
import { describe, expect, test } from 'vitest';
import { ExportReader, type JournalEntry } from '../../../src/sources/journald/export-format.ts';

type Fields = readonly (readonly [name: string, value: string | Buffer])[];

/** As systemd writes it: a value with bytes below space, other than tab, by its length. */
function exported(...entries: readonly Fields[]): Buffer {
  const parts: Buffer[] = [];
  for (const fields of entries) {
    for (const [name, value] of fields) {
      const bytes = Buffer.from(value);
      if (!bytes.some((byte) => byte < 0x20 && byte !== 0x09)) {
        parts.push(Buffer.from(`${name}=`), bytes, Buffer.from('\n'));
        continue;
      }
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      parts.push(Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n'));
    }
    parts.push(Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

function plain(entries: readonly JournalEntry[]): Record<string, string>[] {
  return entries.map((entry) =>
    Object.fromEntries(Array.from(entry, ([name, value]) => [name, Buffer.from(value).toString('latin1')])),
  );
}

const LIMITS = { maxEntryBytes: 1000 };
const TWO: readonly Fields[] = [
  [
    ['__CURSOR', 's=1;i=1'],
    ['MESSAGE', 'first\nsecond line'],
    ['PRIORITY', '6'],
  ],
  [
    ['__CURSOR', 's=1;i=2'],
    ['MESSAGE', Buffer.from([0x00, 0xff, 0x0a, 0x3d, 0x0a, 0x0a])],
    ['EMPTY', ''],
  ],
];
const TWO_PLAIN = [
  { __CURSOR: 's=1;i=1', MESSAGE: 'first\nsecond line', PRIORITY: '6' },
  { __CURSOR: 's=1;i=2', MESSAGE: '\x00\xff\n=\n\n', EMPTY: '' },
];

describe('the export format', () => {
  test('the bytes of the specification', () => {
    // From systemd.io/JOURNAL_EXPORT_FORMATS: a text field, a binary one, the empty line.
    const bytes = Buffer.from(
      '5f5f435552534f523d730a' + // __CURSOR=s
        '4d4553534147450a' + // MESSAGE
        '0700000000000000' + // 7, little-endian
        '666f6f0a6261720a' + // foo\nbar, newline
        '0a',
      'hex',
    );
    const reader = new ExportReader(LIMITS);
    expect(plain(reader.push(bytes))).toEqual([{ __CURSOR: 's', MESSAGE: 'foo\nbar' }]);
  });

  test('is the same wherever its bytes are parted', () => {
    const bytes = exported(...TWO);
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new ExportReader(LIMITS);
      const entries = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
      expect(plain(entries), `parted at ${at}`).toEqual(TWO_PLAIN);
      expect(reader.skipped).toBe(0);
    }
  });

  test('is the same byte by byte', () => {
    const reader = new ExportReader(LIMITS);
    const entries = [...exported(...TWO)].flatMap((byte) => reader.push(Uint8Array.of(byte)));
    expect(plain(entries)).toEqual(TWO_PLAIN);
  });

  test('an entry does not change with the buffer that its bytes came in', () => {
    const bytes = exported(...TWO);
    const [entry] = new ExportReader(LIMITS).push(bytes);
    bytes.fill(0);
    expect(plain(entry === undefined ? [] : [entry])).toEqual(TWO_PLAIN.slice(0, 1));
  });

  test('of a field that comes more than once the first value is kept', () => {
    const bytes = exported([
      ['FIELD', 'one'],
      ['FIELD', 'two'],
    ]);
    expect(plain(new ExportReader(LIMITS).push(bytes))).toEqual([{ FIELD: 'one' }]);
  });

  const small: Fields = [['MESSAGE', 'behind']];
  test.each<[string, Buffer]>([
    ['a binary field that is too large', exported([['MESSAGE', `\n${'x'.repeat(2000)}`]])],
    ['a text field that is too large', exported([['MESSAGE', 'x'.repeat(2000)]])],
    ['fields that are too large together', exported([...'abc'].map((name) => [name, 'x'.repeat(400)] as const))],
    ['more fields than an entry may have', exported(Array.from({ length: 2050 }, (_, i) => [`F${i}`, ''] as const))],
    ['a field without a name', Buffer.from('=value\n\n')],
    ['a name that is too long', Buffer.concat([Buffer.from(`${'N'.repeat(2000)}\n`), Buffer.from('A=b\n\n')])],
    ['a binary field without its newline', Buffer.from('M\n\x01\0\0\0\0\0\0\0ab\n\n')],
  ])('passes over %s, wherever it is parted, and reads on', (_what, broken) => {
    const bytes = Buffer.concat([broken, exported(small)]);
    const step = Math.max(1, Math.floor(bytes.length / 200));
    for (let at = 0; at <= bytes.length; at += step) {
      const reader = new ExportReader({ maxEntryBytes: 1000 });
      const entries = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
      expect(plain(entries).at(-1), `parted at ${at}`).toEqual({ MESSAGE: 'behind' });
      expect(reader.skipped, `parted at ${at}`).toBe(1);
    }
  });

  test('a binary field just within the limit is whole, wherever it is parted', () => {
    const value = '\n'.repeat(990);
    const bytes = exported([['MESSAGE', value]]);
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new ExportReader(LIMITS);
      const entries = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
      expect(plain(entries), `parted at ${at}`).toEqual([{ MESSAGE: value }]);
    }
  });

  test('random entries in random pieces', () => {
    const seed = 20_261_121;
    const random = seededRandom(seed);
    const pick = (bound: number): number => Math.floor(random() * bound);
    for (let round = 0; round < 200; round++) {
      const entries = Array.from({ length: 1 + pick(6) }, () =>
        Array.from({ length: 1 + pick(8) }, (_, field): readonly [string, Buffer] => {
          const value = Buffer.from(Array.from({ length: pick(40) }, () => (pick(3) === 0 ? 0x0a : pick(256))));
          return [`FIELD_${field}`, value];
        }),
      );
      const bytes = exported(...entries);
      const reader = new ExportReader({ maxEntryBytes: 4096 });
      const read: JournalEntry[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + pick(64));
        read.push(...reader.push(bytes.subarray(at, end)));
        at = end;
      }
      const expected = entries.map((fields) =>
        Object.fromEntries(fields.map(([name, value]) => [name, value.toString('latin1')])),
      );
      expect(plain(read), `seed ${seed}, round ${round}`).toEqual(expected);
    }
  });
});
