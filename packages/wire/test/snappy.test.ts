import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compress, decompress } from '../src/snappy.ts';
import { SEEDED } from './seeded.ts';

/** With repetitions near and far, so that copies of every kind come about. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 300 })), { maxLength: 30 })
  .map((pieces) => Buffer.concat(pieces.flatMap(([piece, times]) => Array.from({ length: times }, () => piece))));

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('snappy', () => {
  it('gives back what was compressed', () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        expect(decompress(compress(bytes), bytes.length).equals(bytes)).toBe(true);
      }),
      SEEDED,
    );
    const long = Buffer.concat(Array.from({ length: 200_000 }, (_, line) => Buffer.from(`line ${line}\n`)));
    const block = compress(long);
    expect(block.length).toBeLessThan(long.length / 2);
    expect(decompress(block, long.length).equals(long)).toBe(true);
  });

  it('compresses a view as well as a whole buffer', () => {
    const memory = Buffer.from('...the middle of a larger memory...');
    const view = new Uint8Array(memory.buffer, memory.byteOffset + 3, 10);
    expect(decompress(compress(view), 100).toString()).toBe('the middle');
  });

  it.each([
    ['nothing', '00', ''],
    ['a literal', '03 08 616263', 'abc'],
    ['a literal with its length in one byte', `3d f0 3c ${'61'.repeat(61)}`, 'a'.repeat(61)],
    ['a copy of one byte of offset', '06 04 6162 01 02', 'ababab'],
    ['a copy that repeats one byte', '0b 00 61 26 01 00', 'a'.repeat(11)],
    ['a copy of four bytes of offset', '04 04 6162 07 02 00 00 00', 'abab'],
  ])('reads %s', (_what, block, text) => {
    expect(decompress(hex(block), 100).toString()).toBe(text);
  });

  it.each([
    ['nothing at all', ''],
    ['a length cut short', '80'],
    ['a length of six bytes', '808080808001'],
    ['fewer bytes than announced', '05 08 616263'],
    ['more bytes than announced', '02 08 616263'],
    ['a literal cut short', '03 08 61'],
    ['a length of a literal cut short', '03 f4 02'],
    ['a literal of 2^32 bytes', '03 fc ffffffff 616263'],
    ['a copy from before the beginning', '06 04 6162 01 03'],
    ['a copy from nowhere', '06 04 6162 01 00'],
    ['a copy cut short', '06 04 6162 02 02'],
    ['a copy beyond the end', '03 04 6162 01 02'],
  ])('refuses %s', (_what, block) => {
    expect(() => decompress(hex(block), 100)).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
  });

  it('allocates nothing for a block that says it is longer than allowed', () => {
    const limit = expect.objectContaining({ code: 'WIRE_LIMIT_EXCEEDED', limit: 100 });
    expect(() => decompress(hex('65'), 100)).toThrow(limit);
    expect(() => decompress(hex('ffffffff7f'), 100)).toThrow(limit);
  });
});
