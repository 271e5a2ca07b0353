import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundMetadata } from '../../src/encode/bounded-facts.ts';
import { DOCUMENT_FORMATS, documentShape, NO_OPENING } from '../../src/encode/document.ts';
import { MAX_SHAPE_BYTES } from '../../src/encode/json-lines.ts';
import { factsOf } from '../sinks/facts.ts';

test('what an ordinary pod has is left alone', () => {
  const labels = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`example.com/label-${n}`, 'v'.repeat(63)]));
  const facts = factsOf({ labels, annotations: { note: 'n'.repeat(1000) } });
  const bounded = boundMetadata(facts);
  expect(bounded.facts).toBe(facts);
  expect(bounded.leftOut).toEqual([]);
});

test('an annotation of 256 KiB is left out, and named', () => {
  const facts = factsOf({ annotations: { poison: 'x'.repeat(256 * 1024), tier: 'gold' } });
  const bounded = boundMetadata(facts);
  expect(bounded.facts.annotations).toEqual({ tier: 'gold' });
  expect(bounded.facts.labels).toBe(facts.labels);
  expect(bounded.leftOut).toEqual(['annotation poison']);
});

test('of very many entries the annotations go first', () => {
  const many = (prefix: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`${prefix}${n}`, 'v'.repeat(60)]));
  const { facts, leftOut } = boundMetadata(factsOf({ labels: many('l'), annotations: many('a') }));
  expect(Object.keys(facts.labels)).toHaveLength(200);
  expect(Object.keys(facts.annotations).length).toBeLessThan(200);
  expect(leftOut.every((name) => name.startsWith('annotation '))).toBe(true);
});

test('an image of any length', () => {
  expect(boundMetadata(factsOf({ containerImage: 'i'.repeat(100_000) }))).toMatchObject({
    facts: { containerImage: undefined },
    leftOut: ['container image'],
  });
});

test('whatever a pod says, the constants of its records fit', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u0000'.repeat(600), '\ud800'.repeat(3000), 'é'.repeat(2000), 'x'.repeat(300_000)),
  );
  const entries = fc.dictionary(text, text, { maxKeys: 60 });
  fc.assert(
    fc.property(entries, entries, entries, text, (labels, namespaceLabels, annotations, containerImage) => {
      const { facts } = boundMetadata(factsOf({ labels, namespaceLabels, annotations, containerImage }));
      for (const format of DOCUMENT_FORMATS) {
        const { tails, ...shape } = documentShape(facts, NO_OPENING, undefined, format);
        const pieces = [...tails, ...Object.values(shape).filter((piece) => piece instanceof Uint8Array)];
        const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
        expect(bytes).toBeLessThan(MAX_SHAPE_BYTES / 2 + 8192);
      }
    }),
    { numRuns: 30 },
  );
});
