/** Byte strings that break log agents: every byte value, cut and forbidden UTF-8, lengths around vector borders. */
import fc from 'fast-check';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Ill-formed UTF-8 by kind. */
export const ILL_FORMED: Readonly<Record<string, Uint8Array>> = {
  'a lone continuation': hex('80'),
  'many continuations': hex('bf 80 bf 80 bf'),
  'two bytes cut after one': hex('c3'),
  'three bytes cut after one': hex('e2'),
  'three bytes cut after two': hex('e2 82'),
  'four bytes cut after one': hex('f0'),
  'four bytes cut after two': hex('f0 9f'),
  'four bytes cut after three': hex('f0 9f 98'),
  'an overlong slash in two': hex('c0 af'),
  'an overlong slash in three': hex('e0 80 af'),
  'an overlong slash in four': hex('f0 80 80 af'),
  'the greatest overlong in three': hex('e0 9f bf'),
  'the greatest overlong in four': hex('f0 8f bf bf'),
  'a high surrogate': hex('ed a0 80'),
  'a low surrogate': hex('ed bf bf'),
  'a pair of surrogates (CESU-8)': hex('ed a0 bd ed b8 80'),
  'one above U+10FFFF': hex('f4 90 80 80'),
  'lead bytes never used': hex('f5 f8 fc fe ff'),
  'a five byte form': hex('f8 88 80 80 80'),
  'a lead before ASCII': hex('e2 22 5c 0a'),
  'a lead before a lead': hex('e2 c3 a9'),
};

const asciiRun = fc
  .string({ unit: fc.constantFrom(...'abc {}[]:,=/.0123456789-_'), maxLength: 40 })
  .map((s) => Buffer.from(s));
const anyByte = fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes));
const special = fc.constantFrom(...Array.from('"\\\b\t\n\f\r\u0000\u001b\u001f\u007f')).map((s) => Buffer.from(s));
const quotes = fc.integer({ min: 1, max: 20 }).map((n) => Buffer.from('"\\'.repeat(n)));
const valid = fc
  .string({
    unit: fc.constantFrom('é', 'ß', '€', '日', '本', '\ud55c', '\uffff', '😀', '\u{10ffff}', 'я', '\ufeff'),
    maxLength: 12,
  })
  .map((s) => Buffer.from(s));
const broken = fc.constantFrom(...Object.values(ILL_FORMED)).map((bytes) => Buffer.from(bytes));

const pieces = fc.oneof(
  { weight: 4, arbitrary: asciiRun },
  { weight: 3, arbitrary: special },
  { weight: 1, arbitrary: quotes },
  { weight: 3, arbitrary: valid },
  { weight: 3, arbitrary: broken },
  { weight: 1, arbitrary: anyByte },
);

/** A message: pieces of all kinds, sometimes cut at a vector border. */
export const adversarialBytes: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.array(pieces, { maxLength: 12 }),
    fc.option(fc.constantFrom(0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65), { nil: undefined }),
  )
  .map(([parts, cut]) => Uint8Array.from(Buffer.concat(parts).subarray(0, cut)));

/** The same as one line: no newline inside. */
export const adversarialLine: fc.Arbitrary<Uint8Array> = adversarialBytes.map((bytes) =>
  bytes.map((byte) => (byte === 0x0a ? 0x0b : byte)),
);
