import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHECKPOINT_HEADER,
  type CheckpointEntry,
  checkpointTrailer,
  decodeCheckpoint,
  encodeCheckpointEntry,
} from '../../src/checkpoint/format.ts';

const live: CheckpointEntry = {
  log: '/var/log/pods/shop_web-1_2f7c/web/0.log',
  path: '/var/log/pods/shop_web-1_2f7c/web/0.log',
  dev: '2049',
  ino: '18446744073709551615',
  head: { length: 141, hash: '00c0ffee00c0ffee' },
  offset: 1_048_576,
  size: 1_048_900,
  done: false,
};
const rotated: CheckpointEntry = {
  ...live,
  path: '/var/log/pods/shop_web-1_2f7c/web/0.log.20261121-041219.gz',
  ino: '77',
  head: undefined,
  done: true,
};

function encode(entries: readonly CheckpointEntry[]): Buffer {
  const content = Buffer.concat([CHECKPOINT_HEADER, ...entries.map(encodeCheckpointEntry)]);
  return Buffer.concat([content, checkpointTrailer(content, entries.length)]);
}

const golden = [
  'vigie-checkpoint 1',
  '{"log":"/var/log/pods/shop_web-1_2f7c/web/0.log","path":"/var/log/pods/shop_web-1_2f7c/web/0.log","dev":"2049","ino":"18446744073709551615","head":{"length":141,"hash":"00c0ffee00c0ffee"},"offset":1048576,"size":1048900,"done":false}',
  '{"log":"/var/log/pods/shop_web-1_2f7c/web/0.log","path":"/var/log/pods/shop_web-1_2f7c/web/0.log.20261121-041219.gz","dev":"2049","ino":"77","head":null,"offset":1048576,"size":1048900,"done":true}',
  'crc32 b78a5a7f entries 2',
  '',
].join('\n');

describe('checkpoint format', () => {
  test('writes the documented bytes', () => {
    expect(encode([live, rotated]).toString()).toBe(golden);
  });

  test('reads what it wrote', () => {
    expect(decodeCheckpoint(encode([live, rotated]))).toEqual({ status: 'ok', entries: [live, rotated] });
    expect(decodeCheckpoint(encode([]))).toEqual({ status: 'ok', entries: [] });
  });

  test('reads the example of its document', () => {
    const document = readFileSync(new URL('../../../../docs/formats/checkpoint.md', import.meta.url), 'utf8');
    const [, example = ''] = /```\n(vigie-checkpoint[^`]*)```/.exec(document) ?? [];
    expect(decodeCheckpoint(Buffer.from(example))).toMatchObject({
      status: 'ok',
      entries: [
        { ino: '131', head: { length: 141 }, done: false },
        { ino: '77', head: undefined, done: true },
      ],
    });
  });

  test('finds every cut', () => {
    const bytes = encode([live, rotated]);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeCheckpoint(bytes.subarray(0, length)).status, `cut at ${length}`).toBe('corrupt');
    }
  });

  test('finds every flipped bit', () => {
    const bytes = encode([live, rotated]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeCheckpoint(flipped).status, `bit ${bit}`).toBe('corrupt');
    }
  });

  test('refuses a later version and says so', () => {
    const content = Buffer.from('vigie-checkpoint 2\n');
    const bytes = Buffer.concat([content, checkpointTrailer(content, 0)]);
    expect(decodeCheckpoint(bytes)).toEqual({ status: 'corrupt', reason: 'its version is 2, this program reads 1' });
  });

  test.each([
    ['an entry that is not JSON', 'nonsense'],
    ['an offset below zero', JSON.stringify({ ...live, offset: -1 })],
    ['an offset beyond 2^53', JSON.stringify({ ...live, offset: 2 ** 53 })],
    ['an inode as a number', JSON.stringify({ ...live, ino: 7 })],
    ['a missing member', JSON.stringify({ ...live, done: undefined })],
  ])('refuses %s even under a right checksum', (_what, line) => {
    const content = Buffer.from(`vigie-checkpoint 1\n${line}\n`);
    const bytes = Buffer.concat([content, checkpointTrailer(content, 1)]);
    expect(decodeCheckpoint(bytes)).toEqual({ status: 'corrupt', reason: 'entry 1 is not one' });
  });

  test('refuses a wrong number of entries under a right checksum', () => {
    const content = Buffer.concat([CHECKPOINT_HEADER, encodeCheckpointEntry(live)]);
    const bytes = Buffer.concat([content, checkpointTrailer(content, 2)]);
    expect(decodeCheckpoint(bytes)).toEqual({
      status: 'corrupt',
      reason: 'it has 1 entries, its last line says 2',
    });
  });

  test('keeps any entry through a round trip', () => {
    const entry = fc.record({
      log: fc.string({ unit: 'binary' }),
      path: fc.string({ unit: 'binary' }),
      dev: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      ino: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      head: fc.option(fc.record({ length: fc.nat(), hash: fc.string() }), { nil: undefined }),
      offset: fc.maxSafeNat(),
      size: fc.maxSafeNat(),
      done: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(decodeCheckpoint(encode(entries))).toEqual({ status: 'ok', entries });
      }),
    );
  });

  test('never throws on outside bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeCheckpoint(bytes).status).toBe('corrupt');
      }),
    );
  });
});
