/** JSON objects as programs, people and adversaries write them. */
import fc from 'fast-check';
import { adversarialBytes } from './adversarial-bytes.ts';

/** Few, so that names repeat. */
const names = [
  'a',
  'b',
  'message',
  'log',
  'log.level',
  'kubernetes.x',
  'json',
  '',
  'ключ',
  'a_long_name_of_some_library',
  '__proto__',
  'logger',
];
const space = fc.constantFrom('', '', '', '', ' ', '  ', '\t', '\r', '\n', ' \r\n ');
const number = fc.constantFrom(
  '0',
  '-0',
  '1',
  '-17',
  '3.25',
  '1e5',
  '1E-7',
  '12.5e+3',
  '9223372036854775807',
  '123456789012345678901234567890',
  '1e999',
);
const plainText = fc.oneof(
  fc.string({ maxLength: 30 }).map((text) => JSON.stringify(text).slice(1, -1)),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => JSON.stringify(text).slice(1, -1)),
);
const escapeSequence = fc.constantFrom(
  '\\"',
  '\\\\',
  '\\/',
  '\\b',
  '\\f',
  '\\n',
  '\\r',
  '\\t',
  '\\u0041',
  '\\u00e9',
  '\\u0000',
  '\\ud83d\\ude00',
  '\\uD83D\\uDE00',
  '\\ud83d',
  '\\ude00',
  '\\ud83dx',
  '\\ud83d\\n',
  '\\ud83d\\u0041',
  '\\ud83d\\ud83d\\ude00',
);
const text = fc
  .array(fc.oneof({ weight: 3, arbitrary: plainText }, { weight: 1, arbitrary: escapeSequence }), { maxLength: 4 })
  .map((parts) => `"${parts.join('')}"`);
const escapedName = fc.constantFrom('"\\u0061"', '"\\u006dessage"', '"x\\"y"', '"\\ud800"', '"\\udbff"');
const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...names).map((n) => JSON.stringify(n)) },
  { weight: 8, arbitrary: fc.stringMatching(/^[a-z_]{1,20}$/).map((n) => JSON.stringify(n)) },
  { weight: 1, arbitrary: escapedName },
);

function joined(items: fc.Arbitrary<string>, open: string, close: string): fc.Arbitrary<string> {
  return fc
    .tuple(space, fc.array(fc.tuple(space, items, space), { maxLength: 6 }))
    .map(
      ([inner, parts]) => `${open}${parts.length === 0 ? inner : parts.map((part) => part.join('')).join(',')}${close}`,
    );
}

const { value, object } = fc.letrec<{ value: string; object: string; array: string; member: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'json' },
    { weight: 3, arbitrary: text },
    { weight: 2, arbitrary: number },
    { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'null') },
    { weight: 2, arbitrary: tie('object') },
    { weight: 1, arbitrary: tie('array') },
  ),
  member: fc.tuple(name, space, space, tie('value')).map(([n, before, after, v]) => `${n}${before}:${after}${v}`),
  object: joined(tie('member'), '{', '}'),
  array: joined(tie('value'), '[', ']'),
}));

/** One value of any kind, valid. */
export const jsonValueText: fc.Arbitrary<string> = value;

/** One object, valid, in every style of white space, names repeated now and then. */
export const jsonObjectText: fc.Arbitrary<string> = fc.tuple(space, object, space).map((parts) => parts.join(''));

/** An object's bytes with something spliced in, taken out or cut off, and so perhaps valid, perhaps not. */
export const nearJsonObject: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    jsonObjectText,
    fc.nat(),
    fc.constantFrom('splice', 'remove', 'cut', 'replace'),
    fc.oneof(
      adversarialBytes.map((bytes) => Buffer.from(bytes.subarray(0, 6))),
      fc.constantFrom(...'{}[],:"\\ -+.eE01tfnu/\n').map((char) => Buffer.from(char)),
    ),
  )
  .map(([json, where, how, bytes]) => {
    const source = Buffer.from(json);
    const at = where % (source.length + 1);
    if (how === 'cut') return source.subarray(0, at);
    const rest = source.subarray(how === 'splice' ? at : at + 1);
    return Buffer.concat([source.subarray(0, at), how === 'remove' ? Buffer.alloc(0) : bytes, rest]);
  });
