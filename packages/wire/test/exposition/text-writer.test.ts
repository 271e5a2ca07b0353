import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, sortLabels } from '../../src/exposition/series-labels.ts';
import { PromReader } from '../../src/exposition/text-reader.ts';
import { formatFamily, formatSample } from '../../src/exposition/text-writer.ts';
import { SEEDED } from '../seeded.ts';

const name = fc.oneof(
  fc.stringMatching(/^[a-z_:][a-z0-9_]{0,5}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
);
const series = fc
  .tuple(
    name,
    fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme', maxLength: 8 })), {
      maxLength: 4,
      selector: ([label]) => label,
    }),
  )
  .map(([metric, pairs]) => {
    const flat = ['__name__', metric, ...pairs.filter(([label]) => label !== '__name__').flat()];
    sortLabels(flat);
    return flat;
  });

/** Prometheus' lexer reads no NUL in names. */
const isWritable = (labels: readonly string[]) => !labels.some((text) => text.includes('\0'));

describe('writing the text format', () => {
  it('writes what is read back the same', () => {
    fc.assert(
      fc.property(
        series.filter(isWritable),
        fc.double(),
        fc.option(fc.nat(), { nil: undefined }),
        (labels, value, time) => {
          const body = Buffer.from(formatSample(labels, value, time));
          const reader = new PromReader(body, body.length, { lineBytes: 1e6, labels: 10 });
          expect(reader.next()).toBe('series');
          expect([reader.labels(), reader.value, reader.timestampMs]).toEqual([labels, value, time ?? Number.NaN]);
          expect(reader.next()).toBe('end');
        },
      ),
      SEEDED,
    );
  });

  it('writes as Prometheus answers /federate', () => {
    const text =
      formatFamily('up', 'untyped') +
      formatSample(['__name__', 'up', 'instance', 'a\\b\n"c"', 'job', 'node'], 1, 1_700_000_000_123) +
      formatFamily('dotted.name', 'gauge', 'a\\b\nc') +
      formatSample(['__name__', 'dotted.name', 'a b', 'c'], 1.5e21) +
      formatSample(['__name__', 'dotted.name'], Number.NEGATIVE_INFINITY);
    expect(text).toBe(
      [
        '# TYPE up untyped',
        'up{instance="a\\\\b\\n\\"c\\"",job="node"} 1 1700000000123',
        '# HELP "dotted.name" a\\\\b\\nc',
        '# TYPE "dotted.name" gauge',
        '{"dotted.name","a b"="c"} 1.5e+21',
        '{"dotted.name"} -Inf',
        '',
      ].join('\n'),
    );
  });
});

describe('the order of names', () => {
  it('is that of their bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      SEEDED,
    );
    expect(compareUtf8('\u{e000}', '\u{1f600}')).toBeLessThan(0);
  });
});
