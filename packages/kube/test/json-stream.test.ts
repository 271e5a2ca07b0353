import { seededRandom } from '@vigie/core/random';
import { describe, expect, test } from 'vitest';
import { JsonListReader, JsonSequenceReader } from '../src/json-stream.ts';

type Random = () => number;

function int(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Text that a careless scanner stumbles over. */
function anyText(random: Random): string {
  const parts = [
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'items',
    '\n',
    '\u0000',
    'ä',
    '€',
    '🜚',
    ' ',
    'a',
    '\\"',
    '\\\\',
  ];
  return Array.from({ length: int(random, 6) }, () => parts[int(random, parts.length)]).join('');
}

/** Without escapes: JSON.parse of Node 24.21 takes the name of `{"{":1,"\\"":2}` for a backslash, now and then. */
function anyName(random: Random): string {
  return anyText(random).replaceAll(/["\\\p{Cc}]/gu, '');
}

function anyValue(random: Random, depth: number): unknown {
  switch (int(random, depth > 3 ? 5 : 7)) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return int(random, 2000) / 8 - 100;
    case 3:
      return anyText(random);
    case 4:
      return 1e21;
    case 5:
      return Array.from({ length: int(random, 4) }, () => anyValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: int(random, 4) }, () => [anyName(random), anyValue(random, depth + 1)]),
      );
  }
}

/** The bytes in pieces of random size, down to none. */
function* inPieces(bytes: Buffer, random: Random): Generator<Buffer> {
  const largest = 1 + int(random, 40);
  for (let at = 0; at < bytes.length; ) {
    const size = int(random, largest + 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function written(value: unknown, random: Random): string {
  return JSON.stringify(value, null, random() < 0.3 ? 2 : 0);
}

const SEED = 20_261_121;

describe('a list in pieces', () => {
  test('gives each item and the other members, wherever the pieces end and the members stand', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 2000; round++) {
      const items = random() < 0.1 ? null : Array.from({ length: int(random, 5) }, () => anyValue(random, 0));
      const members: [string, unknown][] = [
        ['kind', 'PodList'],
        ['metadata', { resourceVersion: anyText(random), continue: 'c' }],
        ['items', items],
      ];
      if (random() < 0.5) members.reverse();
      if (random() < 0.2) members.push(['other', anyValue(random, 0)]);
      const text = written(Object.fromEntries(members), random);
      const read: unknown[] = [];
      const reader = new JsonListReader((bytes, start, end) =>
        read.push(JSON.parse(bytes.toString('utf8', start, end))),
      );
      for (const piece of inPieces(Buffer.from(text), random)) reader.write(piece);
      const others = Object.fromEntries(reader.end());
      const wanted = Object.fromEntries(members.filter(([name, value]) => name !== 'items' || value === null));
      expect({ read, others }, text).toEqual({ read: items ?? [], others: wanted });
    }
  });

  test.each(['{}', ' {"items":[]} ', '{"items" : [ 1 , "a" ] , "kind":"x"}'])('%j is one', (text) => {
    const reader = new JsonListReader(() => undefined);
    reader.write(Buffer.from(text));
    reader.end();
  });

  test.each([
    '',
    '[]',
    '{"items":[1,',
    '{"items":[{"a":1}',
    '{"items":[1 2]}',
    '{"items":[1}',
    '{"kind":"a"',
    '{"kind" "a"}',
    '{"kind":"a",}',
    '{kind:1}',
    '{"kind":nonsense}',
    '{} x',
  ])('%j is none', (text) => {
    const reader = new JsonListReader(() => undefined);
    expect(() => {
      reader.write(Buffer.from(text));
      reader.end();
    }).toThrow("the server's JSON is malformed");
  });

  test('with an item beyond all measure is refused', () => {
    const reader = new JsonListReader(() => undefined);
    reader.write(Buffer.from('{"items":["'));
    const piece = Buffer.alloc(1 << 20, 'x');
    expect(() => {
      for (let count = 0; count < 9; count++) reader.write(piece);
    }).toThrow('a value of more than 8388608 bytes');
  });
});

test('values one after another are found, with white space between them or nothing', () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 2000; round++) {
    const values = Array.from({ length: 1 + int(random, 5) }, () => ({
      type: anyText(random),
      object: anyValue(random, 0),
    }));
    const text = values.map((value) => written(value, random)).join(random() < 0.5 ? '\n' : '');
    const read: unknown[] = [];
    const reader = new JsonSequenceReader((bytes, start, end) =>
      read.push(JSON.parse(bytes.toString('utf8', start, end))),
    );
    for (const piece of inPieces(Buffer.from(text), random)) reader.write(piece);
    reader.end();
    expect(read, text).toEqual(values);
  }
  const cut = new JsonSequenceReader(() => undefined);
  cut.write(Buffer.from('{"a":1}{'));
  expect(() => cut.end()).toThrow('it ends within a value');
});

test.each(['}', ',', ']', '{"a":1},{"a":2}', '{"a":1}}'])('what is no value ends a sequence: %j', (text) => {
  const reader = new JsonSequenceReader(() => undefined);
  expect(() => reader.write(Buffer.from(text))).toThrow("the server's JSON is malformed: a value is missing");
});
